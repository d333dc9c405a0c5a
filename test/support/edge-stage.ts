/**
 * An edge in the process of the test, with an application that the test writes: what many requests must be answered with is
 * shown so, without a tree for each.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import net from 'node:net'
import type { TestContext } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Log } from '../../src/base/log.ts'
import { createEdge, type Edge } from '../../src/edge/edge.ts'
import { type EdgeSettings, edgeOptions } from '../../src/edge/options.ts'
import type { EdgeServices } from '../../src/edge/services.ts'
import type { Credentials } from '../../src/edge/tls/credentials.ts'
import { type TlsSettings, tlsOptions } from '../../src/edge/tls/options.ts'
import { applicationOn } from '../../src/worker/edge-application.ts'
import type { Pair } from './pairs.ts'

export interface EdgeStage {
  /** `http://127.0.0.1:PORT`, or https with a `pair`. */
  readonly url: string
  /** The names of the events so far. */
  readonly events: readonly string[]
  readonly edge: Edge
}

export interface EdgeStageOptions {
  readonly clock?: Clock
  /** Speaks TLS with it. */
  readonly pair?: Pair
  readonly readyPath?: string
}

/** Opens an edge with `apps.*.edge` as a configuration file has it. It is closed when the test ends. */
export async function openEdgeStage(
  t: TestContext,
  edge: object,
  application: RequestListener | Server = (_req, res) => void res.end('application'),
  { clock = systemClock, pair, readyPath }: EdgeStageOptions = {},
): Promise<EdgeStage> {
  const events: string[] = []
  const note = (event: string, fields = {}) => {
    events.push(event)
    if (event === 'edge.failed') t.diagnostic(JSON.stringify(fields))
  }
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const services: EdgeServices = {
    worker: 'web:0',
    app: 'web',
    workers: 1,
    clock,
    log,
    readyPath,
    openStore: () => Promise.reject(new Error('there is no store')),
    ...(pair ? { credentials: { current: credentialsOf(pair), onChange() {} } } : {}),
  }
  const tls = pair ? (tlsOptions.parse({ cert: 'c', key: 'k' }) as TlsSettings) : undefined
  const settings = { ...edgeOptions.parse({ edge }).edge, tls, keepAliveMs: 5_000 } as EdgeSettings
  const behind = typeof application === 'function' ? createServer(application) : application
  const made = await createEdge(settings, applicationOn(behind), services)
  const server = net.createServer(socket => made.front.accept(socket, pair ? 'https' : 'http'))
  const sockets = new Set<net.Socket>()
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await made.close()
  })
  return { url: `http${pair ? 's' : ''}://127.0.0.1:${(server.address() as net.AddressInfo).port}`, events, edge: made }
}

function credentialsOf(pair: Pair): Credentials {
  return {
    identities: [{ ...pair, names: ['localhost'] }],
    ca: undefined,
    ticketKeys: Buffer.alloc(48).toString('base64'),
  }
}
