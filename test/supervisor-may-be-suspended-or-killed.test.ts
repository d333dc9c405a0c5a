import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
import { createServer } from 'node:http'
import { spawn } from 'node:child_process'

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/block') for (console.log('blocking'); ; );
  if (pathname === '/child') spawn('sleep', ['600'])
  setTimeout(() => response.end(String(process.pid)), Number(searchParams.get('ms') ?? 0))
}).listen(3000)
`

const config = { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, timeout: '4s' } } }

test('SIGSTOP for 10 seconds and SIGCONT of the supervisor kill nobody', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config })
  const pids = await workerPids(tree)
  tree.signal('SIGSTOP')
  t.after(() => signalProcess(tree.pid, 'SIGCONT'))
  // The workers serve on meanwhile: this answer takes as long as the supervisor is stopped.
  const answer = await request(tree.url, { path: '/?ms=10000' })
  assert.equal(answer.status, 200)
  tree.signal('SIGCONT')
  await tree.waitForEvent('supervisor.suspended')
  // Two more rounds of looking at each worker's sign of life.
  await request(tree.url, { path: '/?ms=3000' })
  assert.deepEqual(await workerPids(tree), pids)
  assert.deepEqual(tree.events('worker.exited'), [])
})

test('kill -9 of the supervisor leaves no orphan: no worker, no blocked worker, no grandchild', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: longTimeout })
  await request(tree.url, { path: '/child' })
  request(tree.url, { path: '/block' }).catch(() => {})
  await tree.waitForLine(/blocking/)
  assert.ok(tree.processIds().length >= 4)
  tree.signal('SIGKILL')
  await allGone(tree)
})

test('a tree starts again where one was killed: its sockets and its pid file are no obstacle', async t => {
  const files = { 'app.mjs': app }
  const apps = { web: { app: './app.mjs', listen: ['127.0.0.1:0', 'unix:./app.sock'], workers: 1 } }
  const first = await startTree(t, { files, config: { name: 'again', apps, pidFile: 'again.pid' } })
  first.signal('SIGKILL')
  await allGone(first)
  assert.ok(existsSync(`${first.dir}/app.sock`) && existsSync(`${first.dir}/again.pid`))
  const second = await startTree(t, { dir: first.dir, config: { name: 'again', apps, pidFile: 'again.pid' } })
  assert.equal((await request(`unix:${second.dir}/app.sock`)).status, 200)
  assert.equal((await second.stop()).code, 0)
  assert.ok(!existsSync(`${first.dir}/app.sock`) && !existsSync(`${first.dir}/again.pid`))
})

const longTimeout = { apps: { web: { ...config.apps.web, timeout: '60s' } } }

async function workerPids(tree: Tree): Promise<(number | undefined)[]> {
  return (await tree.status()).children.map(child => child.pid)
}

/** Every process of the tree has ended. There is no event for the end of a process that is not ours, so /proc is read. */
async function allGone(tree: Tree): Promise<void> {
  await until('every process has ended', () => tree.processIds().length === 0)
}
