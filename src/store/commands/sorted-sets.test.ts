import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Argument } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { Double, type Reply } from '../resp/reply.ts'

function open() {
  const engine = new MemoryEngine()
  const run = async (name: string, ...args: Argument[]) => plain(await engine.call([name, ...args]))
  return { engine, run }
}

/** Buffers as texts, and doubles as numbers. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  return reply instanceof Double ? reply.value : reply
}

test('the conditions of zadd say what is added and what is changed', async () => {
  const { run } = open()
  assert.equal(await run('zadd', 'z', 'XX', 1, 'a'), 0)
  assert.equal(await run('exists', 'z'), 0)
  assert.equal(await run('zadd', 'z', 1, 'a', 2, 'b'), 2)
  assert.equal(await run('zadd', 'z', 'NX', 9, 'a', 3, 'c'), 1)
  assert.equal(await run('zadd', 'z', 'XX', 'CH', 4, 'a', 5, 'd'), 1)
  assert.equal(await run('zadd', 'z', 'GT', 'CH', 3, 'a', 5, 'b', 6, 'e'), 2)
  assert.equal(await run('zadd', 'z', 'XX', 'LT', 'CH', 1, 'a', 9, 'b', 6, 'f'), 1)
  assert.equal(await run('zadd', 'z', 'CH', 1, 'a'), 0)
  assert.deepEqual(await run('zmscore', 'z', 'a', 'b', 'c', 'd', 'e'), [1, 5, 3, null, 6])
  assert.equal(await run('zadd', 'z', 'INCR', 0.5, 'a'), 1.5)
  assert.equal(await run('zadd', 'z', 'NX', 'INCR', 1, 'a'), null)
  assert.equal(await run('zadd', 'z', 'GT', 'INCR', -1, 'a'), null)
  assert.equal(await run('zincrby', 'z', '-inf', 'new'), -Infinity)
  assert.equal(await run('zadd', 'z', 1, 'twice', 2, 'twice'), 1)
  assert.equal(await run('zscore', 'z', 'twice'), 2)
})

test('what zadd refuses changes nothing', async () => {
  const { run } = open()
  await run('zadd', 'z', Infinity, 'a')
  await assert.rejects(run('zadd', 'z', 1, 'b', 'x', 'c'), { code: 'STORE_NOT_A_NUMBER' })
  await assert.rejects(run('zadd', 'z', 'nan', 'b'), { code: 'STORE_NOT_A_NUMBER' })
  await assert.rejects(run('zincrby', 'z', '-inf', 'a'), { code: 'STORE_NOT_A_NUMBER' })
  await assert.rejects(run('zadd', 'z', 'NX', 'XX', 1, 'b'), /XX and NX/)
  await assert.rejects(run('zadd', 'z', 'NX', 'GT', 1, 'b'), /GT, LT/)
  await assert.rejects(run('zadd', 'z', 'INCR', 1, 'b', 2, 'c'), /single/)
  await assert.rejects(run('zadd', 'z', 1, 'b', 2), /syntax error/)
  assert.deepEqual(await run('zrange', 'z', 0, -1), ['a'])
  await run('sadd', 's', 'a')
  await assert.rejects(run('zadd', 's', 1, 'a'), { code: 'STORE_WRONG_TYPE' })
  await assert.rejects(run('zcard', 's'), { code: 'STORE_WRONG_TYPE' })
})

test('zrange knows indexes, scores and texts, in both directions', async () => {
  const { run } = open()
  await run('zadd', 'z', 1, 'a', 2, 'b', 2, 'c', 3, 'd')
  assert.deepEqual(await run('zrange', 'z', -2, 99), ['c', 'd'])
  assert.deepEqual(await run('zrange', 'z', 2, 1), [])
  assert.deepEqual(await run('zrange', 'z', 0, 1, 'REV', 'WITHSCORES'), [
    ['d', 3],
    ['c', 2],
  ])
  assert.deepEqual(await run('zrange', 'z', '(1', 2, 'BYSCORE'), ['b', 'c'])
  assert.deepEqual(await run('zrange', 'z', 3, '(1', 'BYSCORE', 'REV', 'LIMIT', 1, -1), ['c', 'b'])
  assert.deepEqual(await run('zrange', 'z', 2, 3, 'BYSCORE', 'LIMIT', -1, 2), [])
  assert.deepEqual(await run('zrange', 'z', '(inf', 'inf', 'BYSCORE'), [])
  await run('zadd', 'l', 0, 'a', 0, 'aa', 0, 'b', 0, 'c')
  assert.deepEqual(await run('zrange', 'l', '-', '(b', 'BYLEX'), ['a', 'aa'])
  assert.deepEqual(await run('zrange', 'l', '[b', '(a', 'BYLEX', 'REV'), ['b', 'aa'])
  assert.deepEqual(await run('zrevrangebylex', 'l', '+', '[b', 'LIMIT', 0, 1), ['c'])
  assert.deepEqual(await run('zrange', 'l', '+', '-', 'BYLEX'), [])
  assert.equal(await run('zlexcount', 'l', '(a', '+'), 3)
  assert.equal(await run('zlexcount', 'l', '[a', '[a'), 1)
  assert.equal(await run('zremrangebylex', 'l', '[aa', '[b'), 2)
  assert.deepEqual(await run('zrangebylex', 'l', '-', '+'), ['a', 'c'])
})

test('an unfit range is an error, also when the key is absent', async () => {
  const { run } = open()
  await assert.rejects(run('zrange', 'z', 'a', 1), { code: 'STORE_NOT_A_NUMBER' })
  await assert.rejects(run('zrange', 'z', 0, 1, 'LIMIT', 0, 1), /LIMIT is only supported/)
  await assert.rejects(run('zrange', 'z', '-', '+', 'BYLEX', 'WITHSCORES'), /WITHSCORES not supported/)
  await assert.rejects(run('zrange', 'z', 0, 1, 'BYLEX', 'BYSCORE'), /syntax error/)
  await assert.rejects(run('zrangebyscore', 'z', 0, 1, 'REV'), /syntax error/)
  await assert.rejects(run('zcount', 'z', 'a', 1), /not a float/)
  await assert.rejects(run('zlexcount', 'z', 'a', '+'), /not valid string range/)
  await assert.rejects(run('zpopmin', 'z', -1), /must be positive/)
  await assert.rejects(run('saola.zset.page', 'z', 'ASIDE', 1), /syntax error/)
})

test('a range in texts is that of a sorted array', async () => {
  const text = fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', '\0', 'ÿ') })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(text, { minLength: 1 }), text, text, async (members, min, max) => {
      const { run } = open()
      await run('zadd', 'z', ...members.flatMap(member => [5, member]))
      const bytes = (value: string) => Buffer.from(value)
      const sorted = members.toSorted((one, other) => Buffer.compare(bytes(one), bytes(other)))
      const isFrom = (member: string) => Buffer.compare(bytes(member), bytes(min)) >= 0
      const closed = sorted.filter(member => isFrom(member) && Buffer.compare(bytes(member), bytes(max)) <= 0)
      assert.deepEqual(await run('zrangebylex', 'z', `[${min}`, `[${max}`), closed)
      const open_ = closed.filter(member => member !== min && member !== max)
      assert.deepEqual(await run('zrangebylex', 'z', `(${min}`, `(${max}`), open_)
      assert.equal(await run('zlexcount', 'z', `(${min}`, `(${max}`), open_.length)
    }),
    { numRuns: 60 },
  )
})

test('a set without members is no key, and one that is deleted leaves nothing to a new one', async () => {
  const { run } = open()
  await run('zadd', 'z', 1, 'a', 2, 'b')
  assert.deepEqual(await run('zpopmax', 'z'), ['b', 2])
  assert.deepEqual(await run('zpopmin', 'z', 5), [['a', 1]])
  assert.equal(await run('exists', 'z'), 0)
  const many = Array.from({ length: 3000 }, (_, i) => [i, `m${i}`]).flat()
  await run('zadd', 'z', ...many)
  await run('del', 'z')
  await run('zadd', 'z', 7, 'm5', 8, 'm1')
  assert.equal(await run('zrank', 'z', 'm1'), 1)
  assert.equal(await run('zrem', 'z', 'm1', 'm5', 'm9'), 2)
  assert.equal(await run('exists', 'z'), 0)
})
