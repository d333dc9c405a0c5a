/** One tree whose store is not used, then used, then stopped, and whose supervisor is stopped: metrics and health go on. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseExposition, sumOf } from './support/exposition.ts'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const files = {
  'app.mjs': `
import { store } from 'saola/store'
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === '/store') await store.map('things').set('a', 1)
    return new Response('hello')
  },
}`,
}
const apps = { web: { app: './app.mjs', listen: 'unix:./web.sock' } }

test('who does not answer is left out, and nobody is woken by a look', async t => {
  const port = await freePort()
  const metrics = { listen: ['unix:./metrics.sock', `127.0.0.1:${port}`], allow: ['10.0.0.0/8'] }
  const tree = await startTree(t, { files, config: { name: 'shop', apps, metrics } })
  await tree.waitForEvent('monitor.ready')
  const ask = (path: string) => request(`unix:${join(tree.dir, 'metrics.sock')}`, { path })
  const scrape = async () => {
    const { status, body } = await ask('/metrics')
    return status === 200 ? parseExposition(String(body)) : assert.fail(`${status} ${body}`)
  }
  const storeOf = async () => (await tree.status()).children.find(({ kind }) => kind === 'store')

  await t.test('on each address only who is allowed gets figures, and everybody health', async () => {
    const far = (path: string) => request(`http://127.0.0.1:${port}`, { path })
    assert.equal((await far('/metrics')).status, 403)
    assert.equal((await far('/readyz')).status, 200)
    assert.equal((await ask('/metrics')).status, 200)
  })

  await t.test('a look starts no store', async () => {
    for (let i = 0; i < 3; i++) {
      const { series } = await scrape()
      assert.deepEqual(
        series.filter(({ name }) => name.startsWith('saola_store_')),
        [],
      )
    }
    assert.equal((await storeOf())?.pid, undefined)
  })

  await t.test('a store that is used is told of', async () => {
    await request(`unix:${join(tree.dir, 'web.sock')}`, { path: '/store' })
    const seen = await until('it is up', async () => {
      const one = await scrape()
      return sumOf(one, 'saola_store_up') === 1 && one
    })
    assert.equal(sumOf(seen, 'saola_store_keys'), 1)
  })

  await t.test('a look costs the owner two commands', async () => {
    // A look is kept for a moment: each has an uptime of its own.
    const looks = new Map<number, number | undefined>()
    await until('there were five looks', async () => {
      const seen = await scrape()
      const commands = sumOf(seen, 'saola_store_commands_total')
      // The first and the last one are those that the owner has answered in time.
      if (looks.size > 0 || commands !== undefined) looks.set(sumOf(seen, 'saola_uptime_seconds') ?? 0, commands)
      return looks.size >= 5 && commands !== undefined
    })
    const all = [...looks.values()]
    const [first = assert.fail(), last = assert.fail()] = [all[0], all.at(-1)]
    assert.ok(last - first <= 2 * (all.length - 1), all.join(' '))
  })

  await t.test('a store that is stopped holds nobody up for more than a second', async () => {
    const pid = (await storeOf())?.pid ?? 0
    signalProcess(pid, 'SIGSTOP')
    t.after(() => signalProcess(pid, 'SIGCONT'))
    const seen = await until('it is missed', async () => {
      const begun = performance.now()
      const one = await scrape()
      const tookMs = performance.now() - begun
      assert.ok(tookMs < 5_000, `${tookMs} ms`)
      return sumOf(one, 'saola_scrape_problems', { source: 'store' }) === 1 && one
    })
    signalProcess(pid, 'SIGCONT')
    assert.equal(sumOf(seen, 'saola_store_up'), 0)
    assert.equal(sumOf(seen, 'saola_app_ready_workers', { app: 'web' }), 1)
    await until('it is back', async () => sumOf(await scrape(), 'saola_store_up') === 1)
  })

  await t.test('a supervisor that is stopped is not well, and well again when it goes on', async () => {
    assert.equal((await ask('/healthz')).status, 200)
    tree.signal('SIGSTOP')
    t.after(() => tree.signal('SIGCONT'))
    const { body } = await until('it is missed', async () => {
      const health = await ask('/healthz')
      return health.status === 503 && health
    })
    assert.match(String(body), /^the supervisor does not answer: /)
    assert.equal((await ask('/readyz')).status, 503)
    assert.equal((await ask('/metrics')).status, 503)
    tree.signal('SIGCONT')
    await until('it is back', async () => (await ask('/healthz')).status === 200)
    await until('its figures are back', async () => (await ask('/metrics')).status === 200)
  })
})
