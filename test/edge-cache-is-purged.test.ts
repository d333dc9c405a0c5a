import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { formatRequest, HttpConnection } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
import { appendFileSync, existsSync } from 'node:fs'
let answers = 0
export default async (req, res) => {
  const answer = process.pid + ' ' + ++answers
  appendFileSync('calls', req.url + '\\n')
  while (req.url === '/slow' && existsSync('shut')) await new Promise(resolve => setTimeout(resolve, 5))
  res.setHeader('Cache-Tag', 'all-pages, page-' + req.url.slice(-1))
  res.end(answer)
}`

test('what is purged is served by no worker any more', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': app, shut: '' },
    config: {
      apps: {
        web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, edge: { cache: [{ path: '/', ttl: '1h' }] } },
      },
    },
  })
  // Several connections: workers take turns, and each keeps copies of its own.
  const connections = await Promise.all(Array.from({ length: 16 }, () => HttpConnection.open(tree.url)))
  t.after(() => {
    for (const connection of connections) connection.close()
  })
  const ask = async (path: string) => {
    for (const connection of connections) connection.send(formatRequest({ path }))
    const answers = await Promise.all(connections.map(connection => connection.receive()))
    const bodies = new Set(answers.map(({ body }) => String(body)))
    assert.equal(bodies.size, 1, `${path}: ${[...bodies].join()}`)
    return [...bodies].join()
  }
  const paths = ['/blog/1', '/blog/2', '/blogs/1', '/other/2']
  const read = async () => {
    const answers: string[] = []
    for (const path of paths) answers.push(await ask(path))
    return answers
  }
  const changedBy = async (...args: string[]) => {
    const before = await read()
    const { code, stderr } = await tree.cli('cache', 'purge', ...args)
    assert.equal(code, 0, stderr)
    const after = await read()
    return paths.filter((_, i) => before[i] !== after[i])
  }
  assert.deepEqual(await changedBy('/blog/1'), ['/blog/1'])
  assert.deepEqual(await changedBy('--prefix', '/blog'), ['/blog/1', '/blog/2'])
  assert.deepEqual(await changedBy('--tag', 'page-2'), ['/blog/2', '/other/2'])
  assert.deepEqual(await changedBy('--tag', 'no-such'), [])
  assert.deepEqual(await changedBy('--all', '--app', 'web'), paths)
  const answer = JSON.parse((await tree.cli('cache', 'purge', '--all', '--json')).stdout)
  assert.deepEqual(answer.workers.sort(), ['web:0', 'web:1'])

  await t.test('a purge counts for what is being fetched, too', async () => {
    const [first] = connections
    const old = first?.receive()
    first?.send(formatRequest({ path: '/slow' }))
    await until('it is asked for', () => readFileSync(`${tree.dir}/calls`, 'utf8').includes('/slow'))
    assert.equal((await tree.cli('cache', 'purge', '/slow')).code, 0)
    rmSync(`${tree.dir}/shut`)
    const body = String((await old)?.body)
    assert.notEqual(await ask('/slow'), body)
  })

  await t.test('a purge counts for workers that come later, too', async () => {
    const before = await ask('/blog/1')
    assert.equal((await tree.cli('reload', '--wait')).code, 0)
    const later = await HttpConnection.open(tree.url)
    t.after(() => later.close())
    const readLater = async () => {
      later.send(formatRequest({ path: '/blog/1' }))
      return String((await later.receive()).body)
    }
    assert.equal(await readLater(), before, 'what the shared store has outlives the workers')
    assert.equal((await tree.cli('cache', 'purge', '--prefix', '/')).code, 0)
    assert.notEqual(await readLater(), before)
  })

  await t.test('a wrong purge says what is wrong', async () => {
    for (const args of [[], ['/a', '--all'], ['todo'], ['--all', '--app', 'wep']]) {
      const { code, stderr } = await tree.cli('cache', 'purge', ...args)
      assert.notEqual(code, 0, args.join(' '))
      assert.match(stderr, /expected|no application/, args.join(' '))
    }
  })
})
