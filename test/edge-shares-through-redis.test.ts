/** With store.url the cache and the limits of several trees are one, as those of several machines would be. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startRedis } from './support/redis-server.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
import { appendFileSync } from 'node:fs'
let answers = 0
export default (req, res) => {
  appendFileSync('calls', req.method + ' ' + req.url + '\\n')
  if (req.url.startsWith('/vary')) res.setHeader('Vary', 'Accept-Language')
  res.end(process.pid + ' ' + ++answers)
}`

const limit = 6
const edge = {
  cache: [
    { path: '/', ttl: '1h' },
    { path: '/limited', ttl: '1h', statuses: [] },
  ],
  rateLimit: [{ path: '/limited', rate: `${limit}/h`, burst: limit, scope: 'store' }],
}

function startOne(t: TestContext, url: string): Promise<Tree> {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, balance: 'round-robin', edge }
  return startTree(t, { files: { 'app.mjs': app }, config: { name: 'shop', apps: { web }, store: { url } } })
}

/** Of both workers of each tree. */
async function askAll(trees: readonly Tree[], path: string, headers: Record<string, string> = {}) {
  const answers = []
  for (let round = 0; round < 2; round++) {
    for (const tree of trees) answers.push(await request(tree.url, { path, headers: { Host: 'shop', ...headers } }))
  }
  return answers
}

const bodiesOf = (answers: readonly { body: Buffer }[]) => [...new Set(answers.map(({ body }) => String(body)))]

function callsOf(trees: readonly Tree[], path: string): number {
  const texts = trees.map(({ dir }) => {
    try {
      return readFileSync(join(dir, 'calls'), 'utf8')
    } catch {
      return ''
    }
  })
  return texts
    .join('')
    .split('\n')
    .filter(line => line === `GET ${path}`).length
}

test('two trees at one Redis have one cache and one limit, and each goes on alone without it', async t => {
  const redis = await startRedis(t)
  const trees = [await startOne(t, redis.url), await startOne(t, redis.url)]
  const [first] = trees as [Tree, Tree]

  await t.test('what one worker of one tree has fetched, all serve', async () => {
    for (const path of ['/a', '/vary']) {
      const bodies = await until('they have the same', async () => {
        const bodies = bodiesOf(await askAll(trees, path))
        return bodies.length === 1 && bodies
      })
      assert.equal(callsOf(trees, path), 1, `${path}: ${bodies}`)
    }
    assert.equal(bodiesOf(await askAll(trees, '/vary', { 'Accept-Language': 'fr' })).length, 1)
    assert.equal(callsOf(trees, '/vary'), 2)
  })

  await t.test('many at once cause one request', async () => {
    const asked = Array.from({ length: 40 }, (_, at) =>
      request((trees[at % 2] as Tree).url, { path: '/many', headers: { Host: 'shop' } }),
    )
    assert.equal(bodiesOf(await Promise.all(asked)).length, 1)
    assert.equal(callsOf(trees, '/many'), 1)
  })

  await t.test('a purge of one tree, and a change, count in the other', async () => {
    const before = bodiesOf(await askAll(trees, '/a'))
    assert.equal((await first.cli('cache', 'purge', '/a')).code, 0)
    await until('the other has heard of it', async () => {
      const bodies = bodiesOf(await askAll(trees, '/a'))
      return bodies.length === 1 && bodies[0] !== before[0]
    })
    const purged = bodiesOf(await askAll(trees, '/a'))
    await request(first.url, { path: '/a', method: 'POST', headers: { Host: 'shop' } })
    await until('the other has heard of that', async () => {
      const bodies = bodiesOf(await askAll(trees, '/a'))
      return bodies.length === 1 && bodies[0] !== purged[0]
    })
  })

  await t.test('a rate limit is counted for both machines together', async () => {
    const statuses = (await Promise.all([1, 2, 3, 4].map(() => askAll(trees, '/limited')))).flat()
    const admitted = statuses.filter(({ status }) => status === 200).length
    assert.deepEqual([admitted, statuses.length], [limit, 16])
  })

  for (const tree of trees)
    assert.deepEqual([tree.events('edge.cache.alone'), tree.events('edge.rate-limit.alone')], [[], []])

  await t.test('without Redis no request fails, and each worker says so once', async () => {
    await redis.kill()
    const kept = bodiesOf(await askAll(trees, '/a'))
    for (const path of ['/a', '/new', '/newer']) {
      for (const { status } of await askAll(trees, path)) assert.equal(status, 200)
    }
    assert.ok(kept.length >= 1)
    for (let at = 0; at < 30; at++) await askAll([first], `/n${at}`)
    const alone = first.events('edge.cache.alone')
    assert.deepEqual(alone.map(({ worker }) => worker).sort(), ['web:0', 'web:1'], JSON.stringify(alone))
  })

  await t.test('and when it is back, they share again', async () => {
    await redis.start()
    await Promise.all(
      trees.map(tree =>
        until('it shares again', async () => {
          await askAll([tree], `/probe/${Math.random()}`)
          return tree.events('edge.cache.shared').length === 2
        }),
      ),
    )
    await until('they have the same', async () => {
      const path = `/again/${Math.random()}`
      return bodiesOf(await askAll(trees, path)).length === 1 && callsOf(trees, path) === 1
    })
  })
})
