import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../src/store.ts'
import { request } from './support/http-connection.ts'
import { startRedis } from './support/redis-server.ts'
import { startTree, type Tree } from './support/tree.ts'

const app = `
import { store } from 'saola/store'
export default {
  async fetch() {
    const count = await store.counter('visits').increment()
    return Response.json({ count, seen: (await store.map('centre').get('content')) ?? null, pid: process.pid })
  },
}`

async function visit(tree: Tree): Promise<{ count: number; seen: unknown; pid: number }> {
  const { body } = await request(`unix:${tree.dir}/web.sock`)
  return JSON.parse(String(body))
}

const apps = { web: { app: './app.mjs', listen: 'unix:./web.sock', workers: 2, balance: 'round-robin' } }

test('with store.url the workers share a store in Redis, no store:0 is started, and its password is not shown', async t => {
  const redis = await startRedis(t)
  await redis.ask('CONFIG', 'SET', 'requirepass', 'hush-hush')
  const url = redis.url.replace('//', '//:hush-hush@')
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { name: 'shop', apps, store: { url } } })
  const visits = [await visit(tree), await visit(tree), await visit(tree), await visit(tree)]
  assert.deepEqual(
    visits.map(({ count }) => count),
    [1, 2, 3, 4],
  )
  assert.equal(new Set(visits.map(({ pid }) => pid)).size, 2)
  {
    await using store = openStore({ url })
    await store.map('centre').set('content', 'Hello')
  }
  assert.equal((await visit(tree)).seen, 'Hello')

  const { children } = await tree.status()
  assert.deepEqual(
    children.filter(({ name }) => name.startsWith('store')),
    [],
  )
  assert.equal((await tree.cli('store', 'get', 'centre', 'content')).stdout, '"Hello"\n')
  // The last two are what they print with --running.
  const running = await tree.control('config', {})
  const shown = [
    (await tree.cli('config')).stdout,
    (await tree.cli('config', '--json')).stdout,
    running.text,
    running.values,
  ]
  for (const text of shown.map(each => JSON.stringify(each))) {
    assert.match(text, /redis:\/\/…@127\.0\.0\.1/)
    assert.ok(!text.includes('hush-hush'), text)
  }
  assert.ok(!JSON.stringify(running).includes('hush-hush'))

  tree.signal('SIGHUP')
  await tree.waitForEvent('reload.done')
  assert.equal((await visit(tree)).count, 6)
})
