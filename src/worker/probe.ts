import http2 from 'node:http2'
import type net from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import tls from 'node:tls'
import { http } from '../base/node-http.ts'

const everyMs = 200
const answerWaitMs = 5_000
// An application that only takes its time is not talked about.
const silentMs = 3_000

export interface ReadyProbe {
  readonly path: string
  readonly status: number
}

export interface ProbeWatch {
  /** Told after `silentMs` what it is answered with instead, and again when that has changed. */
  onTrouble(reason: string): void
  /** In milliseconds. Default 3,000. */
  readonly silentMs?: number
}

/**
 * Asks the application itself whether it is ready, without a network: resolves when `path` answers with `status`.
 * Asked five times a second; who limits it is the supervisor, with `bootTimeout`.
 */
export async function untilAnswering(
  server: net.Server,
  { path, status }: ReadyProbe,
  watch?: ProbeWatch,
): Promise<void> {
  const begin = performance.now()
  let told: string | undefined
  for (;;) {
    const answered = await ask(server, path)
    if (answered === status) return
    const outcome = answered === undefined ? 'got no answer' : `was answered with ${answered}`
    const reason = `GET ${path} ${outcome}, expected ${status}`
    if (reason !== told && performance.now() - begin >= (watch?.silentMs ?? silentMs)) {
      told = reason
      watch?.onTrouble(reason)
    }
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

/** The status of the answer, or undefined when none came. */
async function ask(server: net.Server, path: string): Promise<number | undefined> {
  const [ours, theirs] = duplexPair()
  server.emit('connection', theirs)
  const isHttp2 = 'updateSettings' in server
  const connection = server instanceof tls.Server ? encrypted(ours, isHttp2 ? 'h2' : 'http/1.1') : ours
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const timer = setTimeout(resolve, answerWaitMs, undefined)
  if (isHttp2) askHttp2(connection, path, resolve)
  else askHttp(connection, path, resolve)
  const status = await promise
  clearTimeout(timer)
  for (const end of [connection, ours, theirs]) end.destroy()
  return status
}

/** It is the same process: there is nobody to be sure of. */
function encrypted(socket: Duplex, protocol: string): Duplex {
  return tls.connect({ socket, rejectUnauthorized: false, ALPNProtocols: [protocol] })
}

type Answer = (status: number | undefined) => void

const userAgent = 'saola-ready'

function askHttp(connection: Duplex, path: string, answer: Answer): void {
  const request = http.get({
    path,
    headers: { host: 'localhost', 'user-agent': userAgent, connection: 'close' },
    createConnection: () => connection,
  })
  request.once('response', response => answer(response.statusCode))
  request.on('error', () => answer(undefined))
}

function askHttp2(connection: Duplex, path: string, answer: Answer): void {
  const session = http2.connect('http://localhost', { createConnection: () => connection })
  session.on('error', () => answer(undefined))
  const request = session.request({ ':path': path, 'user-agent': userAgent })
  request.once('response', response => answer(response[':status']))
  request.on('error', () => answer(undefined))
}
