/**
 * Passes the handshake of a WebSocket on to an upstream, and then bytes, both ways (RFC 6455, 4; RFC 9110, 7.8). Frames are not
 * looked at: what they mean is between the two ends.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { http } from '../../base/node-http.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { incomingHeaders } from './outgoing-headers.ts'

export interface TunnelOptions {
  /** For the upstream, name and value in turn, without those of the handshake itself. */
  readonly headers: readonly string[]
  /** What the upstream is asked for. */
  readonly target: string
  /** No answer to the handshake by then is a failure; 0 never. */
  readonly handshakeTimeoutMs: number
  /** A connection on which neither side says anything for so long ends, and after twice as long at the latest; 0 never. */
  readonly idleTimeoutMs: number
  /** Between two pieces of an upstream's refusal; 0 never. */
  readonly refusalIdleTimeoutMs: number
  readonly signal: AbortSignal
  /** A fresh connection to the upstream. */
  connect(): Promise<Socket>
}

/** Of the handshake (RFC 6455, 4.1): for the upstream, as the client has sent them; they are no matter of this hop alone. */
const handshakeNames = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]

/**
 * `unreachable`: not a byte of an answer has come, and the next upstream may be asked. `connected`: the client has its answer, the
 * handshake's or the upstream's refusal.
 */
export async function tunnel(request: EdgeRequest, options: TunnelOptions): Promise<'connected' | 'unreachable'> {
  const { signal } = options
  let socket: Socket
  try {
    socket = await options.connect()
  } catch {
    // Who would be told why? The next upstream is asked, and health counts it.
    return 'unreachable'
  }
  const abandon = () => void socket.destroy()
  signal.addEventListener('abort', abandon, { once: true })
  if (signal.aborted) abandon()
  const outcome = await shakeHands(request, socket, options)
  signal.removeEventListener('abort', abandon)
  return outcome
}

function shakeHands(
  request: EdgeRequest,
  socket: Socket,
  { headers, target, handshakeTimeoutMs, idleTimeoutMs, refusalIdleTimeoutMs }: TunnelOptions,
): Promise<'connected' | 'unreachable'> {
  return new Promise(resolve => {
    const outgoing = http.request({
      method: 'GET',
      path: target,
      // A flat list is taken as it is, and nothing is added to it.
      headers: handshakeOf(request, headers) as unknown as Record<string, string>,
      createConnection: () => socket,
    })
    const timer = handshakeTimeoutMs > 0 ? setTimeout(() => outgoing.destroy(), handshakeTimeoutMs) : undefined
    const settle = (outcome: 'connected' | 'unreachable') => {
      clearTimeout(timer)
      resolve(outcome)
    }
    outgoing.on('error', () => settle('unreachable'))
    outgoing.once('close', () => settle('unreachable'))
    outgoing.once('upgrade', (response, upstream, head) => {
      settle('connected')
      join({ request, response, upstream: upstream as Socket, head, idleTimeoutMs })
    })
    outgoing.once('response', response => {
      settle('connected')
      passRefusal(request, response, refusalIdleTimeoutMs)
    })
    outgoing.end()
  })
}

function handshakeOf({ req }: EdgeRequest, headers: readonly string[]): string[] {
  const result = [...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  const present = new Set(headers.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase()))
  for (const name of handshakeNames) {
    const value = req.headers[name]
    if (value !== undefined && !present.has(name)) result.push(name, String(value))
  }
  return result
}

interface Handshake {
  readonly request: EdgeRequest
  readonly response: IncomingMessage
  readonly upstream: Socket
  /** What the upstream has sent behind its answer. */
  readonly head: Buffer
  readonly idleTimeoutMs: number
}

/** Both have agreed: the head of the answer, and from then on whatever comes. */
function join({ request, response, upstream, head, idleTimeoutMs }: Handshake): void {
  const { upgrade, res } = request
  const client = upgrade?.socket as Socket | undefined
  if (!upgrade || !client || client.destroyed) {
    upstream.destroy()
    return
  }
  if (res.socket === client) res.detachSocket(client)
  client.write(headOf(response))
  if (head.length > 0) client.write(head)
  if (upgrade.head.length > 0) upstream.write(upgrade.head)
  passOn(client, upstream)
  passOn(upstream, client)
  for (const side of [client, upstream]) {
    side.setTimeout(0)
    side.setNoDelay(true)
  }
  endWhenIdle(client, upstream, idleTimeoutMs)
}

/** When one side has ended, the other gets all that it said, and ends; when it has broken, the other breaks. */
function passOn(from: Socket, to: Socket): void {
  from.on('error', () => from.destroy())
  from.once('close', () => (from.readableEnded ? to.destroySoon() : to.destroy()))
  from.pipe(to)
}

/** Silence of one side is no silence: who only listens says nothing. */
function endWhenIdle(client: Socket, upstream: Socket, idleTimeoutMs: number): void {
  if (idleTimeoutMs <= 0) return
  let seen = client.bytesRead + upstream.bytesRead
  const timer = setInterval(() => {
    const now = client.bytesRead + upstream.bytesRead
    if (now === seen) client.destroy()
    seen = now
  }, idleTimeoutMs)
  timer.unref()
  client.once('close', () => clearInterval(timer))
}

function headOf({ rawHeaders }: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
  const headers = incomingHeaders(rawHeaders)
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'content-length') lines.push(`${headers[i]}: ${headers[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** The upstream does not want it: its answer is the client's. */
function passRefusal({ res }: EdgeRequest, response: IncomingMessage, idleTimeoutMs: number): void {
  const headers = incomingHeaders(response.rawHeaders)
  res.writeHead(response.statusCode ?? 502, headers)
  response.on('error', () => res.destroy())
  res.once('close', () => response.destroy())
  const { socket } = response
  socket.setTimeout(idleTimeoutMs, () => {
    // It is the client who is slow: look again later.
    if (response.isPaused()) socket.setTimeout(idleTimeoutMs)
    else response.destroy(new Error('The upstream has stopped amid its answer.'))
  })
  response.pipe(res)
}
