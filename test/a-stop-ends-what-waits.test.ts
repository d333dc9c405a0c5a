import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { call } from '../src/control/client.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = 'export default { fetch: () => new Response("hi") }'
// Boots when there is a file of this name, however slow the machine is.
const slow = `import { existsSync } from 'node:fs'
while (!existsSync('go')) await new Promise(done => setTimeout(done, 20))
${app}`
const config = { apps: { web: { app: './app.js', listen: '127.0.0.1:0', workers: 2, accessLog: false } } }

test('a tree that is told to stop ends, though one reload runs and another one waits', async t => {
  const tree = await startTree(t, { files: { 'app.js': app }, config })
  writeFileSync(join(tree.dir, 'app.js'), slow)
  await reloadTwice(tree)
  const waiting = assert.rejects(call(tree.controlSocket, 'restart', { target: 'web' }, { timeoutMs: waitTimeoutMs }))
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
  await waiting
  assert.deepEqual(tree.processIds(), [])
})

test('workers that are stopped while they are replaced stay so, and the next reload runs', async t => {
  const tree = await startTree(t, { files: { 'app.js': app }, config })
  writeFileSync(join(tree.dir, 'app.js'), slow)
  await reloadTwice(tree)
  await tree.control('stop', { target: 'web' })
  writeFileSync(join(tree.dir, 'go'), '')
  await tree.waitForEvent('reload.done', { generation: 3 })
  await tree.control('restart', { target: 'web' })
  const { children } = await tree.status()
  assert.equal(children.filter(({ state }) => state === 'RUNNING').length, 2)
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
