import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { AppFigures, TreeFigures } from '../src/control/operations.ts'
import { formatRequest, HttpConnection } from './support/http-connection.ts'
import { LoadClient, type Tally } from './support/load-client.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
export default (req, res) => {
  if (req.url === '/broken') res.statusCode = 500
  else if (req.url === '/missing') res.statusCode = 404
  else if (req.url === '/news') res.setHeader('Cache-Control', 'max-age=3600')
  res.end('application')
}`

/** What is asked for, and the class and the route that it must be counted under; the cache decides itself which. */
const paths = {
  '/': { group: 2, route: 'application' },
  '/news': { group: 2, route: undefined },
  '/files/a.txt': { group: 2, route: 'static /files' },
  '/old/7': { group: 3, route: 'redirect /old/:id' },
  '/missing': { group: 4, route: 'application' },
  '/secret': { group: 4, route: 'refusal' },
  '/broken': { group: 5, route: 'application' },
} as const

const files = { 'app.mjs': app, 'public/a.txt': 'a file\n' }

function configOf(redirects: object, listen = '127.0.0.1:0') {
  const edge = {
    access: [{ path: '/secret', deny: ['127.0.0.1'] }],
    redirects,
    static: { '/files': 'public' },
    cache: { rules: [{ path: '/news', ttl: '1h' }], maxSharedBytes: 0 },
  }
  return {
    metrics: { listen },
    apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, accessLog: false, edge } },
  }
}

/** Asks for all paths in turn, and counts what it is answered. */
class Visitor {
  readonly statuses = [0, 0, 0, 0, 0, 0]
  readonly asked = new Map<string, number>()
  bytes = 0
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get answered(): number {
    return this.statuses.reduce((sum, count) => sum + count, 0)
  }

  lane() {
    let connection: HttpConnection | undefined
    return {
      exchange: async (tally: Tally) => {
        for (const path of Object.keys(paths)) {
          if (!connection?.isReusable) connection = await HttpConnection.open(this.#url)
          connection.send(formatRequest({ path }))
          const { status, body } = await connection.receive()
          const group = Math.trunc(status / 100)
          this.statuses[group] = (this.statuses[group] ?? 0) + 1
          this.asked.set(path, (this.asked.get(path) ?? 0) + 1)
          this.bytes += body.length
          tally.succeed()
        }
      },
      close: () => connection?.close(),
    }
  }
}

function figuresOf(tree: Tree): Promise<TreeFigures> {
  return tree.control('figures', {})
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Of the one application, when all that was answered has been told. */
async function settledFigures(tree: Tree, visitor: Visitor): Promise<AppFigures> {
  return until(`${visitor.answered} responses are told`, async () => {
    const [figures] = (await figuresOf(tree)).apps
    return figures && total(figures.responses) >= visitor.answered && figures
  })
}

function assertAgrees({ edge, ...figures }: AppFigures, visitor: Visitor): void {
  const [, ...statuses] = visitor.statuses
  assert.deepEqual(figures.responses, statuses)
  assert.equal(total(figures.durations), visitor.answered)
  assert.ok(figures.durationSumMs > 0)
  assert.equal(figures.bytesSent, visitor.bytes)
  assert.ok(edge?.cache)
  const { hits, misses, stale, passes, addresses } = edge.cache
  const expected: Record<string, number> = { 'cache /news': hits, application: misses }
  for (const [path, { route }] of Object.entries(paths)) {
    if (route) expected[route] = (expected[route] ?? 0) + (visitor.asked.get(path) ?? 0)
  }
  const routes = edge.routes.map(({ step, rule, requests }) => [`${step} ${rule}`.trim(), requests])
  assert.deepEqual(Object.fromEntries(routes), expected)
  assert.equal(hits + misses, visitor.asked.get('/news'))
  assert.deepEqual([stale, passes], [0, 0])
  assert.ok(addresses <= 2)
  const refused = Object.entries(edge.refusals).filter(([, count]) => count > 0)
  assert.deepEqual(refused, [['access', visitor.asked.get('/secret')]])
}

/** Looks again and again until the end of the test, and fails it when a sum has fallen. */
function watchSums(t: TestContext, tree: Tree): { stop(): Promise<number> } {
  let isOver = false
  let looks = 0
  const fallen: string[] = []
  const watch = async () => {
    let before: number[] = []
    while (!isOver) {
      const [figures] = (await figuresOf(tree)).apps
      const after = figures ? sumsOf(figures) : before
      if (after.some((sum, index) => sum < (before[index] ?? 0))) fallen.push(`${before} to ${after}`)
      before = after
      looks++
      await pause(50)
    }
  }
  const watching = watch()
  t.after(() => {
    isOver = true
  })
  return {
    stop: async () => {
      isOver = true
      await watching
      assert.deepEqual(fallen, [])
      return looks
    },
  }
}

function sumsOf({ responses, durations, durationSumMs, bytesSent, starts, deaths, edge }: AppFigures): number[] {
  const requests = edge?.routes.filter(({ rule }) => rule !== '/gone').map(route => route.requests) ?? []
  const { hits = 0, misses = 0 } = edge?.cache ?? {}
  return [...responses, ...durations, durationSumMs, bytesSent, starts, deaths, hits, misses, total(requests)]
}

test('figures agree with what clients were answered, through a reload and a kill', async t => {
  const tree = await startTree(t, { files, config: configOf({ '/old/:id': '/', '/gone': '/' }) })
  const visitor = new Visitor(tree.url)
  const sums = watchSums(t, tree)

  const clients = new LoadClient(t, () => visitor.lane(), { lanes: 6, pauseMs: 1 }).start()
  await clients.answered(200)
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(configOf({ '/old/:id': '/' })))
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  await clients.answered(200)
  const { failed, errors } = await clients.stop()
  assert.equal(failed, 0, errors.join())

  // Nothing of the drained workers is lost, and nothing is counted twice.
  const reloaded = await until('the old rule is gone', async () => {
    const figures = await settledFigures(tree, visitor)
    return !figures.edge?.routes.some(({ rule }) => rule === '/gone') && figures
  })
  assertAgrees(reloaded, visitor)
  assert.deepEqual([reloaded.starts, reloaded.deaths], [4, 0])

  const { workers, sockets, supervisor } = await until('both workers have told theirs', async () => {
    const figures = await figuresOf(tree)
    return figures.workers.length === 2 && figures
  })
  assert.deepEqual(workers.map(({ worker }) => worker).sort(), ['web:0', 'web:1'])
  assert.ok(workers.every(({ responses }) => total(responses) < visitor.answered))
  const [address] = tree.listen
  assert.deepEqual(sockets, [{ app: 'web', address, waiting: 0, backlog: 2048 }])
  assert.ok(supervisor.cpuSeconds > 0 && supervisor.rssBytes > 1e6 && supervisor.openFds > 10)

  const [killed] = workers
  assert.ok(killed)
  const since = { since: tree.lines.length }
  signalProcess(killed.pid, 'SIGKILL')
  await tree.waitForEvent('worker.ready', { name: killed.worker }, since)
  const again = new LoadClient(t, () => visitor.lane(), { lanes: 2, pauseMs: 1 }).start()
  await again.answered(50)
  assert.equal((await again.stop()).failed, 0)
  const figures = await settledFigures(tree, visitor)
  assertAgrees(figures, visitor)
  assert.deepEqual([figures.starts, figures.deaths], [5, 1])
  assert.ok((await sums.stop()) > 10)
})

test('where nobody looks nothing is counted', async t => {
  const tree = await startTree(t, { files, args: ['-b', 'unix:web.sock'] })
  const visitor = new Visitor(tree.listen[0] ?? '')
  await visitor.lane().exchange({ succeed() {} } as unknown as Tally)
  await until('a beat has come', async () => (await tree.status()).children.some(({ requests }) => requests > 0))
  const { apps, workers, sockets } = await figuresOf(tree)
  const [figures] = apps
  assert.deepEqual([total(figures?.responses ?? []), figures?.starts, workers], [0, 1, []])
  assert.deepEqual(
    sockets.map(({ waiting, backlog }) => [waiting, backlog]),
    [[undefined, 2048]],
  )
})
