import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

const app = `
import { worker } from 'saola/app'
export default (request, response) => response.end(worker.name)
`

/** One application for each of these, and where it serves. */
const balances = {
  shared: { balance: 'shared' },
  'round-robin': { balance: 'round-robin' },
  'least-connections': { balance: 'least-connections' },
  address: { balance: 'sticky', workers: 4 },
  cookie: { balance: 'sticky', sticky: { by: 'cookie', cookie: 'route' }, workers: 3 },
}

type Site = keyof typeof balances

async function startBalanced(t: TestContext): Promise<Record<Site, string>> {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, accessLog: false }
  const apps = Object.entries(balances).map(([name, options]) => [name, { ...web, ...options }])
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { apps: Object.fromEntries(apps) } })
  const urls = (await tree.status()).apps.map(({ name, listen }) => [name, `http://${listen[0]}`])
  return Object.fromEntries(urls)
}

/** Opens so many keep-alive connections, all at once or one after the other, and counts who answers on each. */
async function whoServes(
  t: TestContext,
  url: string,
  connections: number,
  atOnce: boolean,
): Promise<Record<string, number>> {
  const open: HttpConnection[] = []
  t.after(() => {
    for (const connection of open) connection.close()
  })
  const counts: Record<string, number> = {}
  const ask = async () => {
    const connection = await HttpConnection.open(url)
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
async function warmUp(url: string): Promise<void> {
  const answered = new Set<string>()
  for (let i = 0; i < 50 && answered.size < 2; i++) {
    const bodies = await Promise.all(Array.from({ length: 10 }, async () => (await request(url)).body))
    for (const body of bodies) answered.add(String(body))
  }
}

test('connections go to the workers as the balance says', async t => {
  const urls = await startBalanced(t)

  for (const balance of ['shared', 'round-robin', 'least-connections'] as const) {
    await t.test(`100 keep-alive ones are spread over two workers, 40 to 60 each (${balance})`, async t => {
      const url = urls[balance]
      const isShared = balance === 'shared'
      if (isShared) await warmUp(url)
      // A worker that gets no core for a while leaves its share of a shared socket to the other: nobody waits for it. With the
      // next ones it gets the more, until both have as many.
      const tries = isShared ? 8 : 1
      let [a, b] = [0, 0]
      for (let i = 1; i <= tries; i++) {
        const counts = await whoServes(t, url, 100, isShared)
        a += counts[`${balance}:0`] ?? 0
        b += counts[`${balance}:1`] ?? 0
        assert.equal(a + b, 100 * i)
        if (Math.min(a, b) >= 40 * i) return
      }
      assert.fail(`${a} and ${b}`)
    })
  }

  await t.test('sticky by address gives one client the same worker on every connection', async t => {
    assert.equal(Object.keys(await whoServes(t, urls.address, 20, true)).length, 1)
  })

  await t.test(
    'sticky by cookie gives who has none any worker and a cookie, and with it that worker again',
    async () => {
      const first = await request(urls.cookie)
      const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';')
      assert.match(cookie, /^route=[012]$/)
      for (let i = 0; i < 6; i++) {
        const again = await request(urls.cookie, { headers: { Cookie: `a=1; ${cookie}` } })
        assert.equal(String(again.body), String(first.body))
        assert.equal(again.headers.get('set-cookie'), undefined)
      }
      const others = await Promise.all(Array.from({ length: 6 }, () => request(urls.cookie)))
      assert.ok(new Set(others.map(other => String(other.body))).size > 1)
    },
  )
})
