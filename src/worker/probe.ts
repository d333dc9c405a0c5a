import http from 'node:http'
import type net from 'node:net'
import { duplexPair } from 'node:stream'

const everyMs = 200
const answerWaitMs = 5_000

export interface ReadyProbe {
  readonly path: string
  readonly status: number
}

/**
 * Asks the application itself whether it is ready, without a network: resolves when `path` answers with `status`.
 * Asked five times a second; who limits it is the supervisor, with `bootTimeout`.
 */
export async function untilAnswering(server: net.Server, { path, status }: ReadyProbe): Promise<void> {
  while ((await ask(server, path)) !== status) await new Promise(resolve => setTimeout(resolve, everyMs))
}

function ask(server: net.Server, path: string): Promise<number | undefined> {
  const [ours, theirs] = duplexPair()
  server.emit('connection', theirs)
  return new Promise(resolve => {
    const request = http.get({
      path,
      headers: { host: 'localhost', 'user-agent': 'saola-ready', connection: 'close' },
      agent: false,
      timeout: answerWaitMs,
      createConnection: () => ours,
    })
    const done = (status: number | undefined) => {
      resolve(status)
      ours.destroy()
      theirs.destroy()
    }
    request.once('response', response => done(response.statusCode))
    request.once('error', () => done(undefined))
    request.once('timeout', () => done(undefined))
  })
}
