/** An edge in the test's own process, with files, for tests that need no tree. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { compressionOptions } from '../../src/edge/compression/options.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { defaultEdge } from '../../src/edge/options.ts'
import { staticCacheOptions, staticOptions } from '../../src/edge/static/options.ts'
import { type RequestOptions, request } from './http-connection.ts'
import type { HttpResponse } from './http-response.ts'

export interface Stage {
  readonly dir: string
  readonly url: string
  readonly warnings: string[]
  /** What the application does with what no file answers. */
  app: (res: ServerResponse) => void
  /** Lets the clock go on. */
  pass(ms: number): void
  write(path: string, content: string | Buffer): void
  get(path: string, headers?: Record<string, string>, options?: RequestOptions): Promise<HttpResponse>
}

/** An edge in this process with mounts of a folder, and an application behind it. */
export async function stageStaticFiles(
  t: TestContext,
  mounts: (dir: string) => Record<string, unknown>,
  options: { cache?: object; compression?: object | true; isFront?: boolean } = {},
): Promise<Stage> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-static-')))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'files'))
  let passed = 0
  const clock: Clock = { now: () => performance.now() + passed, date: () => new Date(Date.now() + passed) }
  const warnings: string[] = []
  const note = (event: string, fields = {}) => void warnings.push(`${event} ${JSON.stringify(fields)}`)
  const log = { debug() {}, info() {}, warn: note, error: note }
  const settings = {
    ...defaultEdge(),
    static: staticOptions.parse(mounts(dir)),
    staticCache: staticCacheOptions.parse(options.cache ?? {}),
    compression: compressionOptions.parse(options.compression ?? false),
    tls: undefined,
    keepAliveMs: 5_000,
  }
  const stage: Stage = {
    dir,
    url: '',
    warnings,
    app: res => void res.end(`app ${res.req.url}`),
    pass: ms => {
      passed += ms
    },
    write: (path, content) => writeFileSync(join(dir, 'files', path), content),
    get: (path, headers = {}, more = {}) => request(stage.url, { path, headers, ...more }),
  }
  const application = { handle: ({ res }: { res: ServerResponse }) => stage.app(res), takesUpgrade: () => false }
  const services = { worker: 'web:0', app: 'web', workers: 1, clock, log, openStore: () => Promise.reject(new Error()) }
  const edge = await createEdge(settings, options.isFront ? undefined : application, services)
  const server = net.createServer(socket => edge.front.accept(socket, 'http'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    edge.front.server.closeAllConnections()
    server.close()
    await edge.close()
  })
  return Object.assign(stage, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

export function header(response: HttpResponse, name: string): string | undefined {
  return response.headers.get(name)
}
