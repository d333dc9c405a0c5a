/** A cache of the edge before an application, in the test's own process. */
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { openCache } from '../../src/edge/cache/edge-cache.ts'
import { cacheOptions } from '../../src/edge/cache/options.ts'
import type { EdgeRequest } from '../../src/edge/edge-request.ts'
import { createRunner } from '../../src/edge/runner.ts'
import type { EdgeServices } from '../../src/edge/services.ts'
import type { Store } from '../../src/store/store.ts'
import { request } from './http-connection.ts'

export type Answer = (req: IncomingMessage, res: ServerResponse) => void

/** A server with a cache before an application, whose clock stands still unless it is moved. Several may share a store. */
export async function startCache(t: TestContext, rule: object, answer: Answer, store?: Store, limits: object = {}) {
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  const clock = { now: () => nowMs, date: () => new Date(nowMs) }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const services = {
    worker: 'web:0',
    app: 'web',
    workers: 1,
    clock,
    log,
    openStore: async () => store,
  } as unknown as EdgeServices
  const settings = cacheOptions.parse({
    rules: [{ path: '/', ...rule }],
    ...(store ? {} : { maxSharedBytes: 0 }),
    ...limits,
  })
  const target = { allowEncodedSlash: [], refuseSemicolon: false }
  const step = await openCache({ cache: settings, target }, services)
  const calls: IncomingMessage[] = []
  const behind = ({ req, res }: EdgeRequest) => {
    calls.push(req)
    answer(req, res)
  }
  const run = createRunner([step], behind, services)
  let arrivals = 0
  const server = http.createServer((req, res) => {
    const [path = '', query] = (req.url ?? '').split('?')
    const search = query === undefined ? '' : `?${query}`
    const who = { clientAddress: '127.0.0.1', peerAddress: '127.0.0.1', scheme: 'http', host: 'localhost' } as const
    run({ req, res, path, encodedPath: path, search, ...who, upgrade: undefined, bodyBytes: 0, expectsContinue: false })
    arrivals++
    server.emit('arrival')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    await step.close?.()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    request(url, { path, headers: { Host: 'localhost', ...headers }, method })
  /** So many requests have come, and are answered or wait. */
  const arrived = async (count: number) => {
    while (arrivals < count) await once(server, 'arrival')
  }
  return {
    get,
    arrived,
    calls,
    step,
    move: (ms: number) => {
      nowMs += ms
    },
  }
}

export const statusOf = (response: { headers: ReadonlyMap<string, string> }) => response.headers.get('cache-status')

/** A new body each time, so that it is seen whether it comes from the cache. */
export function counting(headers: Record<string, string | string[]> = {}, status = 200): Answer {
  let count = 0
  return (_req, res) => void res.writeHead(status, headers).end(`answer ${++count}`)
}
