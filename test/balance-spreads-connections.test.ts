import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

const app = `
import { worker } from 'saola/app'
export default (request, response) => response.end(worker.name)
`

function startBalanced(t: TestContext, options: object): Promise<Tree> {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, ...options }
  return startTree(t, { files: { 'app.mjs': app }, config: { apps: { web } } })
}

/** Opens so many keep-alive connections, all at once or one after the other, and counts who answers on each. */
async function whoServes(
  t: TestContext,
  tree: Tree,
  connections: number,
  atOnce: boolean,
): Promise<Record<string, number>> {
  const open: HttpConnection[] = []
  t.after(() => {
    for (const connection of open) connection.close()
  })
  const counts: Record<string, number> = {}
  const ask = async () => {
    const connection = await HttpConnection.open(tree.url)
    open.push(connection)
    connection.send(formatRequest({ path: '/' }))
    const name = String((await connection.receive()).body)
    counts[name] = (counts[name] ?? 0) + 1
  }
  if (atOnce) await Promise.all(Array.from({ length: connections }, ask))
  else for (let i = 0; i < connections; i++) await ask()
  return counts
}

/** Until each of two workers has answered: the first request of a worker loads code, and meanwhile the other accepts. */
async function warmUp(tree: Tree): Promise<void> {
  const answered = new Set<string>()
  for (let i = 0; i < 50 && answered.size < 2; i++) {
    const bodies = await Promise.all(Array.from({ length: 10 }, async () => (await request(tree.url)).body))
    for (const body of bodies) answered.add(String(body))
  }
}

for (const balance of ['shared', 'round-robin', 'least-connections'] as const) {
  test(`100 keep-alive connections are spread over two workers, 40 to 60 each (${balance})`, async t => {
    const tree = await startBalanced(t, { balance })
    const isShared = balance === 'shared'
    if (isShared) await warmUp(tree)
    // A worker that gets no core for a while leaves its share of a shared socket to the other: nobody waits for it. With the
    // next ones it gets the more.
    const tries = isShared ? 3 : 1
    let [a, b] = [0, 0]
    for (let i = 1; i <= tries; i++) {
      const counts = await whoServes(t, tree, 100, isShared)
      a += counts['web:0'] ?? 0
      b += counts['web:1'] ?? 0
      assert.equal(a + b, 100 * i)
      if (Math.min(a, b) >= 40 * i) return
    }
    assert.fail(`${a} and ${b}`)
  })
}

test('sticky by address gives one client the same worker on every connection', async t => {
  const tree = await startBalanced(t, { balance: 'sticky', workers: 4 })
  assert.equal(Object.keys(await whoServes(t, tree, 20, true)).length, 1)
})

test('sticky by cookie gives a client without one any worker and a cookie, and with it that worker again', async t => {
  const tree = await startBalanced(t, { balance: 'sticky', sticky: { by: 'cookie', cookie: 'route' }, workers: 3 })
  const first = await request(tree.url)
  const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';')
  assert.match(cookie, /^route=[012]$/)
  for (let i = 0; i < 6; i++) {
    const again = await request(tree.url, { headers: { Cookie: `a=1; ${cookie}` } })
    assert.equal(String(again.body), String(first.body))
    assert.equal(again.headers.get('set-cookie'), undefined)
  }
  const others = await Promise.all(Array.from({ length: 6 }, () => request(tree.url)))
  assert.ok(new Set(others.map(other => String(other.body))).size > 1)
})
