// AG-UI's official client, which says one message to an agent: `agui_client.mjs URL TOKEN THREAD MESSAGE`. Prints one JSON object: the events that it
// read, the conversation that it made of them (messages), and what failed (error), or null.
import { randomUUID } from 'node:crypto'
import { HttpAgent } from '@ag-ui/client'

const [url, token, threadId, content] = process.argv.slice(2)
const agent = new HttpAgent({ url, threadId, headers: { Authorization: `Bearer ${token}` }, initialMessages: [{ id: randomUUID(), role: 'user', content }] })
const events = []
let error = null
try {
  await agent.runAgent({}, { onEvent: ({ event }) => { events.push(event) } })
} catch (failure) {
  error = String(failure?.message ?? failure)
}
console.log(JSON.stringify({ events, messages: agent.messages, error }))
