// A server of MCP 2026-07-28 alone, by the official package: `mcp_modern.mjs stdio`, or `mcp_modern.mjs http`, which prints its port.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer, acceptedContent, createMcpHandler, inputRequired } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod'

const text = (value) => ({ content: [{ type: 'text', text: value }] })
let headers = {}

function serverOfOne() {
  const server = new McpServer({ name: 'modern', version: '1.0.0' }, { capabilities: { tools: { listChanged: true } } })
  server.registerTool('add', { description: 'Adds', inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) },
    async ({ a, b }) => ({ ...text(`${a + b}`), structuredContent: { sum: a + b } }))
  server.registerTool('fail', { description: 'Fails', inputSchema: z.object({}) }, async () => ({ ...text('it broke'), isError: true }))
  server.registerTool('seen', { description: 'The header fields of this request', inputSchema: z.object({}) }, async () => text(JSON.stringify(headers)))
  server.registerTool('slow', { description: 'Takes its time', inputSchema: z.object({ steps: z.number() }) }, async ({ steps }, ctx) => {
    const token = ctx.mcpReq._meta?.progressToken
    ctx.mcpReq.signal.addEventListener('abort', () => process.stderr.write('slow was cancelled\n'))
    for (let step = 1; step <= steps && !ctx.mcpReq.signal.aborted; ++step) {
      await sleep(100)
      if (token !== undefined)
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress: step, total: steps, message: `step ${step}` } })
    }
    return text('done')
  })
  server.registerTool('deploy', { description: 'Asks first', inputSchema: z.object({ env: z.string() }) }, async ({ env }, ctx) => {
    const schema = z.object({ confirm: z.boolean(), region: z.enum(['north', 'south']) })
    const said = acceptedContent(ctx.mcpReq.inputResponses, 'confirm', schema)
    if (said === undefined && ctx.mcpReq.inputResponses !== undefined) return text('not deployed')
    if (said === undefined)
      return inputRequired({ inputRequests: { confirm: inputRequired.elicit({ message: `Deploy to ${env}?`, requestedSchema: schema }) }, requestState: 'state-1' })
    return text(`deployed to ${env}, ${said.region}: ${said.confirm}`)
  })
  return server
}

if (process.argv[2] === 'stdio') {
  serveStdio(serverOfOne, { legacy: 'reject' })
} else {
  const handler = createMcpHandler(serverOfOne, { legacy: 'reject' })
  createServer(async (request, response) => {
    headers = request.headers
    const body = ['GET', 'HEAD'].includes(request.method) ? undefined : Readable.toWeb(request)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const answer = await handler.fetch(new Request(`http://${request.headers.host}${request.url}`,
      { method: request.method, headers: request.headers, body, duplex: 'half', signal: gone.signal }))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (!answer.body) return response.end()
    const stream = Readable.fromWeb(answer.body).on('error', () => response.destroy())
    response.on('close', () => stream.destroy())
    stream.pipe(response)
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })
}
