// An agent of A2A by the official package, which obeys the text that it gets: slow, fail, ask, say. Prints its port.
//   a2a_agent.mjs 1.0 [plain]   of 1.0; plain: it does not stream
//   a2a_agent.mjs 0.3 [plain]   of 0.3, by the package of that time
import express from 'express'
import { setTimeout as sleep } from 'node:timers/promises'

const [generation, plain] = process.argv.slice(2)
const streaming = plain !== 'plain'
const app = express()
const server = app.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  await (generation === '1.0' ? serveOne(base) : serveOld(base))
  console.log(server.address().port)
})
const about = { name: 'Echo', description: 'Says it again', version: '1', capabilities: { streaming, pushNotifications: false },
  defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain', 'image/png'], skills: [{ id: 's', name: 's', description: 's', tags: ['t'] }] }

app.use((request, _, next) => { if (request.headers.authorization) process.stderr.write(`authorization ${request.headers.authorization}\n`); next() })

async function serveOne(base) {
  const core = await import('@a2a-js/sdk')
  const { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } = await import('@a2a-js/sdk/server')
  const { UserBuilder, agentCardHandler, jsonRpcHandler } = await import('@a2a-js/sdk/server/express')
  const card = core.AgentCard.fromJSON({ ...about, supportedInterfaces: [{ url: `${base}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }] })
  const stop = new Set()
  const executor = {
    async execute(ctx, bus) {
      const said = ctx.userMessage.parts.map((part) => part.content?.value ?? '').join('')
      const { taskId, contextId } = ctx
      const status = (state, text) => ({ state: core.TaskState[`TASK_STATE_${state}`], timestamp: new Date().toISOString(),
        message: text && core.Message.fromJSON({ messageId: crypto.randomUUID(), role: 'ROLE_AGENT', parts: [{ text }], taskId, contextId }) })
      const update = (state, text) => bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(state, text), metadata: {} }))
      if (said === 'say') {
        bus.publish(AgentEvent.message(core.Message.fromJSON({ messageId: crypto.randomUUID(), role: 'ROLE_AGENT', parts: [{ text: 'hello' }], contextId })))
        return bus.finished()
      }
      bus.publish(AgentEvent.task({ id: taskId, contextId, status: status('SUBMITTED'), artifacts: [], history: [ctx.userMessage], metadata: {} }))
      update('WORKING', 'at work')
      if (said === 'slow') for (let i = 0; i < 15 && !stop.has(taskId); ++i) await sleep(100)
      if (said === 'endless') while (!stop.has(taskId)) await sleep(50)
      if (stop.has(taskId)) { update('CANCELED'); return bus.finished() }
      bus.publish(AgentEvent.artifactUpdate({ taskId, contextId, append: false, lastChunk: true, metadata: {},
        artifact: core.Artifact.fromJSON({ artifactId: 'a', name: 'answer', parts: [{ text: `echo: ${said}` }] }) }))
      if (said === 'fail') update('FAILED', 'it broke')
      else if (said === 'ask') update('INPUT_REQUIRED', 'which one?')
      else update('COMPLETED')
      bus.finished()
    },
    async cancelTask(id) { process.stderr.write(`cancelled ${id}\n`); stop.add(id) },
  }
  const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor)
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: handler }))
  app.use('/a2a', jsonRpcHandler({ requestHandler: handler, userBuilder: UserBuilder.noAuthentication }))
}

async function serveOld(base) {
  const { DefaultRequestHandler, InMemoryTaskStore } = await import('a2a-sdk-0.3/server')
  const { A2AExpressApp } = await import('a2a-sdk-0.3/server/express')
  const card = { ...about, url: `${base}/a2a`, protocolVersion: '0.3.0', preferredTransport: 'JSONRPC' }
  const stop = new Set()
  const executor = {
    async execute(ctx, bus) {
      const said = ctx.userMessage.parts.map((part) => part.text ?? '').join('')
      const { taskId, contextId } = ctx
      const update = (state, text, final = false) => bus.publish({ kind: 'status-update', taskId, contextId, final, status: { state, timestamp: new Date().toISOString(),
        message: text ? { kind: 'message', messageId: crypto.randomUUID(), role: 'agent', parts: [{ kind: 'text', text }], taskId, contextId } : undefined } })
      if (said === 'say') {
        bus.publish({ kind: 'message', messageId: crypto.randomUUID(), role: 'agent', parts: [{ kind: 'text', text: 'hello' }], contextId })
        return bus.finished()
      }
      bus.publish({ kind: 'task', id: taskId, contextId, status: { state: 'submitted' }, history: [ctx.userMessage] })
      update('working', 'at work')
      if (said === 'slow') for (let i = 0; i < 15 && !stop.has(taskId); ++i) await sleep(100)
      if (said === 'endless') while (!stop.has(taskId)) await sleep(50)
      if (stop.has(taskId)) { update('canceled', '', true); return bus.finished() }
      bus.publish({ kind: 'artifact-update', taskId, contextId, artifact: { artifactId: 'a', name: 'answer', parts: [{ kind: 'text', text: `echo: ${said}` }] } })
      if (said === 'fail') update('failed', 'it broke', true)
      else if (said === 'ask') update('input-required', 'which one?', true)
      else update('completed', '', true)
      bus.finished()
    },
    async cancelTask(id) { process.stderr.write(`cancelled ${id}\n`); stop.add(id) },
  }
  const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor)
  new A2AExpressApp(handler).setupRoutes(app, '/a2a', undefined, '.well-known/agent-card.json')
  app.use('/.well-known/agent-card.json', (_, response) => response.json(card))
}
