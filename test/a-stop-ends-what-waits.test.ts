import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = 'export default { fetch: () => new Response("hi") }'
const slow = `await new Promise(done => setTimeout(done, 700)); ${app}`
const config = { apps: { web: { app: './app.js', listen: '127.0.0.1:0', workers: 3, accessLog: false } } }

test('a tree that is told to stop ends, though one reload runs and another one waits', async t => {
  const tree = await startTree(t, { files: { 'app.js': app }, config })
  writeFileSync(join(tree.dir, 'app.js'), slow)
  await reloadTwice(tree)
  const waiting = tree.cli('restart', 'web')
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
  assert.notEqual((await waiting).code, 0)
  assert.deepEqual(tree.processIds(), [])
})

test('workers that are stopped while they are replaced stay so, and the next reload runs', async t => {
  const tree = await startTree(t, { files: { 'app.js': app }, config })
  writeFileSync(join(tree.dir, 'app.js'), slow)
  await reloadTwice(tree)
  await tree.cli('stop', 'web')
  await tree.waitForEvent('reload.done', { generation: 3 })
  assert.equal((await tree.cli('restart', 'web')).code, 0)
  const { children } = await tree.status()
  assert.equal(children.filter(({ state }) => state === 'RUNNING').length, 3)
})

/** Returns while the first of two reloads boots its first worker. */
async function reloadTwice(tree: Tree): Promise<void> {
  tree.signal('SIGHUP')
  await tree.waitForEvent('reload.started')
  tree.signal('SIGHUP')
  await until('a new worker boots', async () =>
    (await tree.status()).children.some(({ state }) => state === 'STARTING'),
  )
}
