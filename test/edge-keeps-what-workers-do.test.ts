/** With an edge before it, a worker balances, limits, watches and logs as it does without one. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

const files = {
  'app.mjs': `export default async (req, res) => {
    if (req.url === '/hang') for (;;);
    if (req.url === '/late') await new Promise(resolve => setTimeout(resolve, 60_000).unref())
    res.end(String(process.pid))
  }`,
}

test('each balance, sticky ones to the same worker', async t => {
  const common = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, edge: {} }
  const tree = await startTree(t, {
    files,
    config: {
      apps: {
        turns: { ...common, balance: 'round-robin' },
        least: { ...common, balance: 'least-connections' },
        address: { ...common, balance: 'sticky' },
        cookie: { ...common, balance: 'sticky', sticky: { by: 'cookie' } },
      },
    },
  })
  await allRunning(tree, 8)
  const pidsOf = async (app: string, headers: Record<string, string> = {}) => {
    const url = await urlOf(tree, app)
    const answers = []
    for (let count = 0; count < 6; count++) answers.push(await request(url, { headers }))
    return { pids: new Set(answers.map(({ body }) => String(body))), first: answers[0] }
  }
  assert.equal((await pidsOf('turns')).pids.size, 2)
  assert.ok((await pidsOf('least')).pids.size > 0)
  assert.equal((await pidsOf('address')).pids.size, 1)
  const { first } = await pidsOf('cookie')
  const cookie = first?.headers.get('set-cookie')?.split(';')[0] ?? ''
  assert.match(cookie, /^saola_route=\d$/)
  const { pids } = await pidsOf('cookie', { Cookie: cookie })
  assert.deepEqual([...pids], [String(first?.body)])
})

test('deadlines, limits, the watch, recycling and the access log', async t => {
  const common = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: {} }
  const tree = await startTree(t, {
    files,
    config: {
      apps: {
        late: { ...common, requestTimeout: '100ms', accessLog: '%(h)s %(m)s %(U)s %(q)s %(s)s %(b)s' },
        few: { ...common, maxConnections: 1 },
        stuck: { ...common, timeout: '2s' },
        worn: { ...common, recycle: { requests: 3 } },
      },
    },
  })
  const late = await urlOf(tree, 'late')
  assert.equal((await request(late, { path: '/late' })).status, 503)
  const { body } = await request(late, { path: '/todo?a=1' })
  await tree.waitForLine(
    new RegExp(`^127.0.0.1 GET /todo a=1 200 ${body.length}$|"127.0.0.1 GET /todo a=1 200 ${body.length}"`),
  )

  const few = await urlOf(tree, 'few')
  const [first, second] = [await open(t, few), await open(t, few)]
  const isWaiting = second.receive()
  assert.equal((await first.receive()).status, 200)
  first.close()
  assert.equal((await isWaiting).status, 200)

  const stuck = await urlOf(tree, 'stuck')
  const blocked = tree.waitForEvent('worker.blocked', { name: 'stuck:0' })
  await assert.rejects(request(stuck, { path: '/hang' }))
  assert.match(String((await blocked).reason), /app\.mjs:2/)
  assert.equal((await request(stuck)).status, 200)

  const worn = await urlOf(tree, 'worn')
  const stopping = tree.waitForEvent('worker.stopping', { name: 'worn:0', reason: '3 requests' })
  for (let count = 0; count < 3; count++) assert.equal((await request(worn)).status, 200)
  await stopping
  assert.equal((await request(worn)).status, 200)
})

async function open(t: TestContext, url: string): Promise<HttpConnection> {
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  connection.send(formatRequest({ path: '/' }))
  return connection
}

async function urlOf(tree: Tree, name: string): Promise<string> {
  const { apps } = await tree.status()
  return `http://${apps.find(app => app.name === name)?.listen[0]}`
}

/** The first worker of each makes the tree ready; the others follow. */
async function allRunning(tree: Tree, count: number): Promise<void> {
  while (tree.events('worker.ready').length < count) {
    await tree.waitForEvent('worker.ready', {}, { since: tree.lines.length })
  }
}
