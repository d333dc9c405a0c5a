import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

// It answers when the file `gate` says so, fails when it says `down`, and writes down what reached it.
const app = `
import { appendFileSync, readFileSync } from 'node:fs'
const state = () => { try { return readFileSync('gate', 'utf8') } catch { return 'open' } }
let answers = 0
export default async (req, res) => {
  appendFileSync('calls', req.url + '\\n')
  while (state() === 'shut') await new Promise(resolve => setTimeout(resolve, 5))
  if (state() === 'down') return res.writeHead(503).end('down')
  const [, freshness] = req.url.split('/')
  // Without a Date, which may be a second old on a busy machine: then it would come expired.
  if (freshness.startsWith('max-age')) res.setHeader('Cache-Control', freshness).sendDate = false
  res.end('answer ' + process.pid + ' ' + ++answers)
}`

const rules = [
  { path: '/', ttl: '1h' },
  { path: '/max-age=1', grace: '1h' },
  { path: '/max-age=1,stale-while-revalidate=0' },
]

test('1,000 clients of two workers cause one request, and have answers when the origin has none', async t => {
  // In turns: one that stands still for a moment has its clients all the same.
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, balance: 'round-robin', edge: { cache: rules } }
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { apps: { web } } })
  const calls = (path: string) => linesOf(tree, 'calls').filter(line => line === path).length

  await t.test('a thousand clients on a cold key cause one request', async () => {
    writeFileSync(join(tree.dir, 'gate'), 'shut')
    const connections = await connect(tree, 1_000)
    const answers = connections.map(connection => connection.receive())
    for (const connection of connections) connection.send(formatRequest({ path: '/cold' }))
    await until('the first request has come', () => calls('/cold') > 0)
    writeFileSync(join(tree.dir, 'gate'), 'open')
    const bodies = new Set((await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`))
    assert.equal(calls('/cold'), 1)
    assert.equal(bodies.size, 1, [...bodies].join())
    assert.match([...bodies].join(), /^200 answer/)
    const { workers } = JSON.parse((await tree.cli('cache', 'stats', '--json')).stdout)
    // Both had clients, or it would say nothing of two workers.
    for (const { hits, misses } of workers) assert.ok(hits + misses > 0, JSON.stringify(workers))
    for (const connection of connections) connection.close()
  })

  await t.test('a stale answer is served while one request renews it', async () => {
    const path = '/max-age=1'
    const first = await request(tree.url, { path })
    assert.equal(first.headers.get('cache-status'), 'saola; fwd=miss; stored; ttl=1')
    await until('it is stale', async () => /ttl=-/.test(statusOf(await request(tree.url, { path }))))
    await until('it is asked for again', () => calls(path) >= 2)
    const renewed = await until('it is new', async () => {
      const answer = await request(tree.url, { path })
      return String(answer.body) !== String(first.body) && answer
    })
    assert.match(statusOf(renewed), /^saola; hit/)
  })

  await t.test('while the origin is down, what was kept is served', async () => {
    const path = '/max-age=1,stale-while-revalidate=0'
    const encoded = path.replaceAll(' ', '')
    const first = await request(tree.url, { path: encoded })
    assert.equal(first.status, 200)
    writeFileSync(join(tree.dir, 'gate'), 'down')
    const stale = await until('it is stale', async () => {
      const answer = await request(tree.url, { path: encoded })
      assert.equal(answer.status, 200)
      return /stale-if-error|ttl=-/.test(statusOf(answer)) && answer
    })
    assert.equal(String(stale.body), String(first.body))
    assert.equal((await request(tree.url, { path: '/never-seen' })).status, 503)
    writeFileSync(join(tree.dir, 'gate'), 'open')
    assert.match(String((await request(tree.url, { path: '/never-seen' })).body), /^answer/)
  })
})

function linesOf(tree: Tree, file: string): string[] {
  try {
    return readFileSync(join(tree.dir, file), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

async function connect(tree: Tree, count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => HttpConnection.open(tree.url)))
}

function statusOf({ headers }: { headers: ReadonlyMap<string, string> }): string {
  return headers.get('cache-status') ?? ''
}
