import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { storeFolder } from './support/store-script.ts'
import { startTree, type Tree } from './support/tree.ts'

const app = `
import { store } from 'saola/store'
const visits = store.counter('visits')
export default {
  async fetch() {
    const count = await visits.increment()
    return Response.json({ count, seen: store.map('centre').peek('content') ?? null, pid: process.pid })
  },
}`

async function visit(tree: Tree): Promise<{ count: number; seen: unknown; pid: number }> {
  const { body } = await request(`unix:${tree.dir}/web.sock`)
  return JSON.parse(String(body))
}

test('the workers of a tree share a store, with scripts, with `saola store` and through a reload', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': app },
    config: {
      name: 'shop',
      apps: { web: { app: './app.mjs', listen: 'unix:./web.sock', workers: 2, balance: 'round-robin' } },
    },
  })
  const first = [await visit(tree), await visit(tree), await visit(tree), await visit(tree)]
  assert.deepEqual(
    first.map(({ count }) => count),
    [1, 2, 3, 4],
  )
  assert.equal(new Set(first.map(({ pid }) => pid)).size, 2)

  const script = storeFolder(t, `${tree.dir}/.saola/shop/store`)
  await script.run(`await store.map('centre').set('content', 'Hello CyberDB!')`)
  assert.equal((await visit(tree)).seen, 'Hello CyberDB!')

  tree.signal('SIGHUP')
  await tree.waitForEvent('reload.done')
  assert.equal((await visit(tree)).count, 6)

  const cli = async (...args: string[]) => (await tree.cli('store', ...args)).stdout
  assert.equal(await cli('get', 'visits'), '6\n')
  assert.equal(await cli('set', 'greeting', 'hello'), 'OK\n')
  assert.equal(await cli('keys', 'g*'), 'greeting\n')
  assert.equal(JSON.parse(await cli('info', '--json')).keys, 3)
  assert.equal(await cli('delete', 'greeting', 'nothing'), '1\n')
  const absent = await tree.cli('store', 'get', 'greeting')
  assert.equal(absent.code, 1)
  assert.match(absent.stderr, /There is no greeting in the store\. .*\[ERR_STORE_KEY_ABSENT\]|There is no greeting/)
})

test('saola/store outside a tree says what to do', async t => {
  const folder = storeFolder(t)
  const said = await folder.run(`
    const { store: treeStore } = await import(${JSON.stringify(new URL('../src/store.ts', import.meta.url).href)})
    try { treeStore.map('centre') } catch (error) { print(error.code + ' ' + error.message) }`)
  assert.match(said, /^STORE_UNAVAILABLE .*openStore\(\{ dir \}\)/)
})
