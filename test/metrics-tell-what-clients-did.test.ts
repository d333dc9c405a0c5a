/** Whole trees with something of everything: what /metrics says of them is what was done, and is as Prometheus wants it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { metrics } from '../src/metrics/metrics.ts'
import { runToEnd } from './support/cron-tree.ts'
import { type Exposition, parseExposition, sumOf } from './support/exposition.ts'
import { request } from './support/http-connection.ts'
import { promtool } from './support/promtool.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const files = {
  'app.mjs': `
import { store } from 'saola/store'
import { tasks } from 'saola/tasks'
import { mail } from './tasks/mail.mjs'
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/store') await store.map('things').set('a', 1)
    if (pathname === '/task') await mail.enqueue({ to: 'ann' })
    if (pathname === '/later') await mail.enqueue({ to: 'bob' }, { delay: '1h' })
    if (pathname === '/wrong') return new Response('wrong', { status: 500 })
    return new Response(pathname === '/big' ? 'x'.repeat(10_000) : 'hello')
  },
}`,
  'tasks/mail.mjs': `
import { defineTask } from 'saola/tasks'
export const mail = defineTask({ id: 'mail', queue: 'mails', run: () => {} })`,
  'upstream.mjs': `
import { createServer } from 'node:http'
createServer((req, res) => res.end('from upstream')).listen({ fd: 3 })`,
  'public/file.txt': 'a file',
}

const config = {
  name: 'shop',
  apps: {
    web: {
      app: './app.mjs',
      listen: ['unix:./web.sock', '127.0.0.1:0'],
      workers: 2,
      // Time to look at it meanwhile.
      graceful: { delay: '5s' },
      edge: {
        static: { '/static': './public' },
        cache: [{ path: '/cached', ttl: '1h' }],
        proxy: { '/api': 'program:upstream' },
        rateLimit: [{ path: '/limited', rate: '1/h', burst: 1 }],
      },
    },
  },
  store: {},
  tasks: { pools: { io: { processes: 1 }, cpu: { processes: 1 } } },
  programs: { upstream: { command: [process.execPath, 'upstream.mjs'], listen: 'unix:./upstream.sock' } },
  cron: {
    works: { schedule: '0 0 1 1 *', command: 'true' },
    fails: { schedule: '0 0 1 1 *', command: 'false' },
  },
  metrics: { listen: 'unix:./metrics.sock', minReady: '100%' },
}

class Stage {
  readonly tree: Tree

  constructor(tree: Tree) {
    this.tree = tree
  }

  async get(path: string): Promise<number> {
    return (await request(`unix:${join(this.tree.dir, 'web.sock')}`, { path, headers: { Host: 'localhost' } })).status
  }

  async times(count: number, path: string): Promise<number[]> {
    const statuses: number[] = []
    for (let i = 0; i < count; i++) statuses.push(await this.get(path))
    return statuses
  }

  ask(path: string, accept = 'text/plain') {
    return request(`unix:${join(this.tree.dir, 'metrics.sock')}`, { path, headers: { Accept: accept } })
  }

  async scrape(): Promise<Exposition> {
    return parseExposition(String((await this.ask('/metrics')).body))
  }

  /** The first scrape that has it. */
  when(what: string, isSo: (seen: Exposition) => boolean): Promise<Exposition> {
    return until(what, async () => {
      const seen = await this.scrape()
      return isSo(seen) && seen
    })
  }
}

async function start(t: TestContext): Promise<Stage> {
  const stage = new Stage(await startTree(t, { files, config }))
  await stage.tree.waitForEvent('monitor.ready')
  await until('the tree is ready', async () => (await stage.ask('/readyz')).status === 200)
  return stage
}

test('a tree is told of as it is', async t => {
  const stage = await start(t)
  const { tree } = stage
  await stage.times(20, '/')
  await stage.times(3, '/big')
  await stage.times(2, '/wrong')
  await stage.times(4, '/static/file.txt')
  await stage.times(5, '/api/thing')
  await stage.times(6, '/cached')
  const limited = await stage.times(6, '/limited')
  await stage.times(3, '/store')
  await stage.times(2, '/task')
  await stage.times(1, '/later')
  const requests = 20 + 3 + 2 + 4 + 5 + 6 + 6 + 3 + 2 + 1
  for (const name of Object.keys(config.cron)) await runToEnd(tree, name)

  await t.test('requests, bytes and durations add up', async () => {
    const seen = await stage.when(
      'all requests are counted',
      one => sumOf(one, 'saola_http_requests_total') === requests,
    )
    const code = (name: string) => sumOf(seen, 'saola_http_requests_total', { app: 'web', code: name })
    const refused = limited.filter(status => status === 429).length
    assert.ok(refused >= 4, String(limited))
    assert.equal(code('5xx'), 2)
    assert.equal(code('4xx'), refused)
    assert.equal(code('2xx'), requests - 2 - refused)
    assert.equal(sumOf(seen, 'saola_http_request_duration_seconds_count', { app: 'web' }), requests)
    assert.ok((sumOf(seen, 'saola_http_response_body_bytes_total', { app: 'web' }) ?? 0) >= 30_000)
    assert.equal(sumOf(seen, 'saola_worker_http_requests_total', { app: 'web' }), requests)
  })

  await t.test('the edge says who has answered, and what its cache and upstreams have done', async () => {
    const seen = await stage.scrape()
    const step = (name: string) => sumOf(seen, 'saola_edge_requests_total', { app: 'web', step: name })
    assert.equal(step('proxy'), 5)
    assert.ok((step('static') ?? 0) >= 4)
    assert.ok((step('cache') ?? 0) >= 4)
    assert.equal(
      sumOf(seen, 'saola_edge_refusals_total', { reason: 'rate-limit' }),
      limited.filter(s => s === 429).length,
    )
    const result = (name: string) => sumOf(seen, 'saola_edge_cache_requests_total', { result: name }) ?? 0
    assert.equal(result('hit') + result('stale') + result('miss'), 6)
    assert.ok((sumOf(seen, 'saola_edge_cache_size_bytes') ?? 0) > 0)
    assert.equal(sumOf(seen, 'saola_edge_upstream_requests_total', { rule: '/api' }), 5)
    assert.equal(sumOf(seen, 'saola_edge_upstream_healthy', { rule: '/api' }), 1)
  })

  await t.test('store, tasks, cron and programs are told of', async () => {
    // Whoever stood still at a look is left out of it, and said to be a problem.
    const seen = await stage.when(
      'the jobs are done, and nobody is left out',
      one =>
        sumOf(one, 'saola_tasks_jobs', { state: 'done' }) === 2 &&
        sumOf(one, 'saola_scrape_problems') === 0 &&
        sumOf(one, 'saola_process_up', { kind: 'program', process: 'upstream:0' }) === 1,
    )
    assert.equal(sumOf(seen, 'saola_store_up'), 1)
    assert.ok((sumOf(seen, 'saola_store_keys') ?? 0) >= 1)
    assert.ok((sumOf(seen, 'saola_store_commands_total') ?? 0) >= 3)
    assert.ok((sumOf(seen, 'saola_store_connections') ?? 0) >= 2)
    assert.equal(sumOf(seen, 'saola_tasks_jobs', { state: 'scheduled' }), 1)
    assert.equal(sumOf(seen, 'saola_tasks_queue_jobs', { queue: 'mails', state: 'scheduled' }), 1)
    assert.equal(sumOf(seen, 'saola_tasks_workers', { pool: 'io' }), 1)
    assert.equal(sumOf(seen, 'saola_cron_runs_total', { entry: 'works' }), 1)
    assert.equal(sumOf(seen, 'saola_cron_failures_total', { entry: 'fails' }), 1)
    assert.equal(sumOf(seen, 'saola_cron_last_run_successful', { entry: 'works' }), 1)
    assert.equal(sumOf(seen, 'saola_cron_last_run_successful', { entry: 'fails' }), 0)
    assert.equal(sumOf(seen, 'saola_processes', { kind: 'web', state: 'RUNNING' }), 2)
    assert.ok((sumOf(seen, 'saola_supervisor_open_fds') ?? 0) > 10)
    assert.ok((sumOf(seen, 'saola_listen_queue_limit', { app: 'web' }) ?? 0) > 0)
  })

  await t.test('sums do not fall with a reload', async () => {
    await tree.reload()
    await stage.times(10, '/')
    const seen = await stage.when(
      'those after the reload are counted, too',
      one =>
        sumOf(one, 'saola_http_requests_total') === requests + 10 &&
        sumOf(one, 'saola_process_generation', { kind: 'web' }) === 4,
    )
    assert.equal(sumOf(seen, 'saola_generation'), 2)
    assert.equal(sumOf(seen, 'saola_reload_last_successful'), 1)
    assert.equal(sumOf(seen, 'saola_worker_starts_total', { app: 'web' }), 4)
  })

  await t.test('promtool has nothing to say of it, and each metric of the table is there', async () => {
    const text = String((await stage.ask('/metrics')).body)
    assert.equal(promtool(['check', 'metrics'], text), '')
    const { types } = parseExposition(text)
    const missing = metrics.filter(({ name }) => !types.has(name)).map(({ name }) => name)
    assert.deepEqual(missing, [])
    const openMetrics = String((await stage.ask('/metrics', 'application/openmetrics-text')).body)
    assert.equal(sumOf(parseExposition(openMetrics), 'saola_http_requests_total'), requests + 10)
  })

  await t.test('a death is told of, and who is missing while somebody is', async () => {
    const { children } = await tree.status()
    signalProcess(children.find(({ name }) => name === 'web:1')?.pid ?? 0, 'SIGKILL')
    await stage.when('it is counted', one => sumOf(one, 'saola_worker_deaths_total', { app: 'web' }) === 1)
    // A restart is one when its process begins.
    const isBack = (one: Exposition) => sumOf(one, 'saola_process_restarts_total', { process: 'web:1' }) === 1
    await stage.when('it is back', isBack)
    await tree.control('stop', { target: 'web:1' })
    const answer = await until('it is missed', async () => {
      const ready = await stage.ask('/readyz')
      return ready.status === 503 && ready
    })
    assert.equal(String(answer.body), 'web: 1 of 2 workers ready, needs 2\n')
    assert.equal((await stage.ask('/healthz')).status, 200)
    await tree.control('start', { target: 'web:1' })
    await until('it is back', async () => (await stage.ask('/readyz')).status === 200)
  })

  await t.test('a load balancer learns of a stop before a worker drains', async () => {
    tree.signal('SIGTERM')
    const answer = await until('it is told', async () => {
      const ready = await stage.ask('/readyz')
      return ready.status === 503 && ready
    })
    assert.equal(String(answer.body), 'shop is stopping\n')
    assert.equal(await stage.get('/'), 200)
    assert.deepEqual(await tree.exit, { code: 0, signal: null })
  })
})
