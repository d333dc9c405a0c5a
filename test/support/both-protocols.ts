/** The same request to the same listener: over HTTP/1.1 as Node serves it by itself, and over HTTP/2 through the bridge. */
import { once } from 'node:events'
import http, { type IncomingMessage, type OutgoingHttpHeaders, type RequestListener } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { FrameConnection, flags, frame, frameTypes, requestFields } from './http2-frames.ts'
import { ask as askSession, openHttp2 } from './http2-stage.ts'

export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: OutgoingHttpHeaders
  /** Sent at once; undefined: the request has none. */
  readonly body?: string | Uint8Array
}

export interface Told {
  /** 0 when there was no answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly informational: readonly number[]
  readonly body: string
  readonly trailers: Readonly<Record<string, unknown>>
  /** False for an answer that was broken off, and where there is none. */
  readonly isWhole: boolean
}

export interface Side {
  readonly name: 'HTTP/1.1' | 'HTTP/2'
  ask(what: Ask): Promise<Told>
  /** Sends a request, of POST with the beginning of a body, and goes: when the application has it, or amid its answer. */
  leave(method: 'GET' | 'POST', when: 'unanswered' | 'amid answer'): Promise<void>
}

const cancel = Buffer.from([0, 0, 0, 8])

/** Puts `listener` behind both. */
export async function openBoth(t: TestContext, listener: RequestListener): Promise<readonly Side[]> {
  const seen = new EventTarget()
  const noting: RequestListener = (req, res) => {
    listener(req, res)
    setImmediate(() => seen.dispatchEvent(new Event('request')))
  }
  const server = http.createServer(noting).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const stage = await openHttp2(t, noting)
  const session = stage.client()
  return [
    { name: 'HTTP/1.1', ask: askHttp1.bind(undefined, port, agent), leave: leaveHttp1.bind(undefined, port, seen) },
    { name: 'HTTP/2', ask: askHttp2.bind(undefined, session), leave: leaveHttp2.bind(undefined, stage.port, seen) },
  ]
}

function askHttp1(port: number, agent: http.Agent, what: Ask): Promise<Told> {
  const { method = 'GET', path = '/', headers = {}, body } = what
  return new Promise(resolve => {
    const informational: number[] = []
    const sent = http.request({ port, host: '127.0.0.1', agent, method, path, headers: { host: 'test', ...headers } })
    let response: IncomingMessage | undefined
    let text = ''
    sent.on('information', ({ statusCode }) => informational.push(statusCode))
    sent.on('error', () => {})
    sent.on('response', each => {
      response = each.setEncoding('latin1').on('error', () => {})
      each.on('data', chunk => {
        text += chunk
      })
    })
    sent.on('close', () => {
      const { statusCode: status = 0, headers: given = {}, trailers = {}, complete = false } = response ?? {}
      const [shown, last] = [plain(given), plain(trailers)]
      resolve({ status, headers: shown, informational, body: text, trailers: last, isWhole: complete })
    })
    sent.end(body)
  })
}

async function askHttp2(session: ClientHttp2Session, what: Ask): Promise<Told> {
  const { method = 'GET', path = '/', headers = {}, body } = what
  const fields = { ':method': method, ':path': path, ':authority': 'test', ...headers }
  const answer = await askSession(session, fields, body)
  return {
    status: Number(answer.headers[':status'] ?? 0),
    headers: plain(answer.headers),
    informational: answer.informational.map(each => Number(each[':status'])),
    body: answer.body.toString('latin1'),
    trailers: plain(answer.trailers ?? {}),
    isWhole: answer.resetCode === 0,
  }
}

async function leaveHttp1(port: number, seen: EventTarget, method: string, when: string): Promise<void> {
  const sent = http.request({ port, host: '127.0.0.1', agent: false, method })
  sent.on('error', () => {})
  const isSeen = once(seen, 'request')
  if (method === 'POST') sent.write('some body')
  else sent.end()
  await isSeen
  if (when === 'amid answer') await once(((await once(sent, 'response')) as [IncomingMessage])[0], 'data')
  sent.destroy()
}

/** With frames: Node's own client ends a body before it resets its stream, which makes a whole body of it. */
async function leaveHttp2(port: number, seen: EventTarget, method: string, when: string): Promise<void> {
  const client = new FrameConnection(port)
  const isSeen = once(seen, 'request')
  client.request(1, requestFields('/', method), flags.endHeaders | (method === 'POST' ? 0 : flags.endStream))
  if (method === 'POST') client.send(frame(frameTypes.data, 0, 1, Buffer.from('some body')))
  await isSeen
  if (when === 'amid answer') await client.waitFor(({ type }) => type === frameTypes.data)
  client.send(frame(frameTypes.reset, 0, 1, cancel))
  client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
  await client.waitFor(({ type, flags: bits }) => type === frameTypes.ping && bits === flags.ack)
  client.close()
}

const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', ':status'])

/** Without what belongs to a connection, and what differs from one second to the next. */
function plain(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)))
}
