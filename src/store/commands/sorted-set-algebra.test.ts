import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Argument } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { Double, Members, type Reply } from '../resp/reply.ts'

// Several pages, and several blocks of ranks.
const size = 5000

function open() {
  const engine = new MemoryEngine()
  const run = async (name: string, ...args: Argument[]) => plain(await engine.call([name, ...args]))
  return { engine, run }
}

function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof Members) return reply.items.map(plain)
  // 0 and -0 are one score.
  return reply instanceof Double ? reply.value + 0 : reply
}

test('what is stored of large sorted sets is what is returned, and has its ranks', async () => {
  const { engine, run } = open()
  const numbers = Array.from({ length: size }, (_, i) => i)
  await run('zadd', 'a', ...numbers.flatMap(i => [(i * 7) % 1000, `m${i}`]))
  await run('zadd', 'b', ...numbers.flatMap(i => [i % 13, `m${2 * i}`]))
  await run('sadd', 's', ...numbers.map(i => `m${3 * i}`))
  for (const name of ['zunion', 'zinter', 'zdiff']) {
    const words = name === 'zdiff' ? [] : ['WEIGHTS', 1, -2, 0.5, 'AGGREGATE', 'SUM']
    const returned = (await run(name, 3, 'a', 'b', 's', ...words, 'WITHSCORES')) as [string, number][]
    assert.equal(await run(`${name}store`, 'd', 3, 'a', 'b', 's', ...words), returned.length)
    assert.deepEqual(await run('zrange', 'd', 0, -1, 'WITHSCORES'), returned)
    for (const rank of [0, 700, returned.length - 1]) {
      assert.equal(await run('zrank', 'd', returned[rank]?.[0] as string), rank)
      assert.deepEqual(await run('zrange', 'd', rank, rank), [returned[rank]?.[0]])
    }
    // Ranks go on with what comes.
    await run('zadd', 'd', -1e6, 'first')
    assert.equal(await run('zrank', 'd', returned[700]?.[0] as string), 701)
  }
  await engine.close()
})

test('a range of a large sorted set is stored with its ranks, also in its own place', async () => {
  const { engine, run } = open()
  await run('zadd', 'a', ...Array.from({ length: size }, (_, i) => [i, `m${i}`]).flat())
  assert.equal(await run('zrangestore', 'a', 'a', 4499, 100, 'BYSCORE', 'REV', 'LIMIT', 100, 4000), 4000)
  assert.deepEqual(await run('zrange', 'a', 0, 0), ['m400'])
  assert.equal(await run('zrank', 'a', 'm4000'), 3600)
  assert.equal(await run('zremrangebyrank', 'a', 10, 3989), 3980)
  assert.equal(await run('zrank', 'a', 'm4399'), 19)
  await engine.close()
})

test('what is stored of large sets is what is returned', async () => {
  const { engine, run } = open()
  const numbers = Array.from({ length: size }, (_, i) => i)
  for (const [name, step] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    await run('sadd', name, ...numbers.map(i => i * step))
  for (const name of ['sunion', 'sinter', 'sdiff']) {
    const returned = ((await run(name, 'a', 'b', 'c')) as string[]).toSorted()
    assert.equal(await run(`${name}store`, 'd', 'a', 'b', 'c'), returned.length)
    assert.deepEqual(((await run('smembers', 'd')) as string[]).toSorted(), returned)
    assert.equal(await run('scard', 'd'), returned.length)
  }
  assert.equal(await run('sintercard', 3, 'a', 'b', 'c'), Math.ceil(size / 6))
  await engine.close()
})

test('a count of what is common goes no further than its limit', async () => {
  const { engine, run } = open()
  await run('zadd', 'a', 1, 'x', 2, 'y', 3, 'z')
  assert.equal(await run('zintercard', 2, 'a', 'a', 'LIMIT', 2), 2)
  await engine.close()
})
