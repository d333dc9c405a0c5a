/** `saola start --static DIR` and `--proxy URL`, and an application without `app`: the edge answers alone. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { keepAliveClient, newConnectionClient, pipelineClient } from './support/clients.ts'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'

const files = { 'public/index.html': 'the page', 'public/a.txt': 'a file' }
const get = async (tree: Tree, path: string) => {
  const { status, body } = await request(tree.url, { path })
  return `${status} ${body}`.trim()
}

test('a folder and other servers are served without an application: reloaded, scaled and killed under load, nothing is lost', async t => {
  const one = await upstream(t, 'one')
  const tree = await startTree(t, {
    files,
    config: {
      apps: {
        front: {
          listen: '127.0.0.1:0',
          workers: 2,
          ready: { path: '/a.txt' },
          edge: { static: { '/': { dir: './public' } }, proxy: { '/': { to: [one] } } },
        },
      },
    },
  })
  assert.equal(await get(tree, '/a.txt'), '200 a file')
  assert.equal(await get(tree, '/'), '200 the page')
  assert.equal(await get(tree, '/api'), '200 one /api')
  assert.match((await tree.cli('status')).stdout, new RegExp(`static ./public, proxy ${one}$`, 'm'))
  assert.equal((await tree.status()).apps[0]?.entry, `static ./public, proxy ${one}`)

  const clients = [
    keepAliveClient(t, tree.url, { path: '/a.txt', pauseMs: 25 }),
    keepAliveClient(t, tree.url, { path: '/api', pauseMs: 25 }),
    newConnectionClient(t, tree.url, { path: '/a.txt', pauseMs: 25 }),
    newConnectionClient(t, tree.url, { path: '/api', pauseMs: 25 }),
    pipelineClient(t, tree.url, { path: '/a.txt', pauseMs: 100 }),
  ].map(client => client.start())
  const answered = () => Promise.all(clients.map(client => client.answered(10)))
  await answered()
  await tree.reload()
  await answered()
  await tree.control('scale', { target: 'front', workers: '1' })
  await answered()
  for (const client of clients) assert.deepEqual((await client.stop()).errors, [])

  const [worker] = (await tree.status()).children
  const ready = tree.waitForEvent('worker.ready', {}, { since: tree.lines.length })
  assert.ok(signalProcess(worker?.pid ?? 0, 'SIGKILL'))
  await ready
  assert.equal(await get(tree, '/a.txt'), '200 a file')
  assert.equal(await get(tree, '/api'), '200 one /api')
})

test('the command line says what is served, alone and together', async t => {
  const target = await upstream(t, 'up')
  const both = await startTree(t, {
    files,
    config: {},
    args: ['-b', '127.0.0.1:0', '-w', '1', '--static', './public', '--proxy', target],
  })
  assert.equal(await get(both, '/a.txt'), '200 a file')
  assert.equal(await get(both, '/api'), '200 up /api')
  // The access log, too.
  await both.waitForLine(/"path":"\/api".*"status":200/)

  const alone = await startTree(t, {
    files,
    config: {},
    args: ['-b', '127.0.0.1:0', '-w', '1', '--static', './public'],
  })
  assert.equal(await get(alone, '/a.txt'), '200 a file')
  assert.match(await get(alone, '/api'), /^404/)
})

test('an application gets what is no file', async t => {
  const app = 'export default (req, res) => res.end(`the application ${req.url}`)'
  const tree = await startTree(t, {
    files: { ...files, 'app.mjs': app },
    app: './app.mjs',
    args: ['-w', '1', '--static', 'public'],
  })
  assert.equal(await get(tree, '/a.txt'), '200 a file')
  assert.equal(await get(tree, '/todo'), '200 the application /todo')
})

test('saola dev serves a folder', async t => {
  const tree = await startTree(t, {
    files,
    config: {},
    command: 'dev',
    args: ['-b', '127.0.0.1:0', '--static', './public'],
  })
  assert.equal(await get(tree, '/a.txt'), '200 a file')
})

/** Answers with its name and the target. */
async function upstream(t: TestContext, name: string): Promise<string> {
  const server = http.createServer((req, res) => res.end(`${name} ${req.url}`)).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
