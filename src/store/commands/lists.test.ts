import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startWork } from '../../../test/support/busy-machine.ts'
import type { Argument } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'

function open() {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  const run = async (name: string, ...args: Argument[]) => plain(await engine.call([name, ...args]))
  const all = (key = 'l') => run('lrange', key, 0, -1)
  return { engine, clock, run, all }
}

/** Buffers as texts. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  return reply instanceof Object && 'text' in reply ? reply.text : reply
}

test('elements are pushed and popped at both ends', async () => {
  const { run, all } = open()
  assert.equal(await run('rpush', 'l', 'c', 'd'), 2)
  assert.equal(await run('lpush', 'l', 'b', 'a'), 4)
  assert.deepEqual(await all(), ['a', 'b', 'c', 'd'])
  assert.equal(await run('lpop', 'l'), 'a')
  assert.equal(await run('rpop', 'l'), 'd')
  assert.deepEqual(await run('lpop', 'l', 0), [])
  assert.deepEqual(await run('rpop', 'l', 9), ['c', 'b'])
  assert.equal(await run('lpop', 'l'), null)
  assert.equal(await run('lpop', 'l', 1), null)
  assert.equal(await run('exists', 'l'), 0)
  await assert.rejects(run('lpop', 'l', -1), /must be positive/)
})

test('a list that is absent is not made by lpushx and rpushx', async () => {
  const { run, all } = open()
  assert.equal(await run('lpushx', 'l', 'a'), 0)
  assert.equal(await run('exists', 'l'), 0)
  await run('rpush', 'l', 'b')
  assert.equal(await run('lpushx', 'l', 'a'), 2)
  assert.equal(await run('rpushx', 'l', 'c'), 3)
  assert.deepEqual(await all(), ['a', 'b', 'c'])
})

test('indexes below 0 count from the end', async () => {
  const { run } = open()
  await run('rpush', 'l', 'a', 'b', 'c')
  assert.equal(await run('lindex', 'l', -1), 'c')
  assert.equal(await run('lindex', 'l', -3), 'a')
  assert.equal(await run('lindex', 'l', -4), null)
  assert.equal(await run('lindex', 'l', 3), null)
  assert.deepEqual(await run('lrange', 'l', -2, 100), ['b', 'c'])
  assert.deepEqual(await run('lrange', 'l', -100, 0), ['a'])
  assert.deepEqual(await run('lrange', 'l', 2, 1), [])
  assert.equal(await run('lset', 'l', -1, 'z'), 'OK')
  assert.equal(await run('lindex', 'l', 2), 'z')
  await assert.rejects(run('lset', 'l', 3, 'z'), /index out of range/)
  await assert.rejects(run('lset', 'none', 0, 'z'), /no such key/)
})

test('an element is inserted before or after another', async () => {
  const { run, all } = open()
  assert.equal(await run('linsert', 'l', 'BEFORE', 'b', 'a'), 0)
  await run('rpush', 'l', 'b', 'b')
  assert.equal(await run('linsert', 'l', 'BEFORE', 'b', 'a'), 3)
  assert.equal(await run('linsert', 'l', 'after', 'b', 'c'), 4)
  assert.equal(await run('linsert', 'l', 'AFTER', 'none', 'c'), -1)
  assert.deepEqual(await all(), ['a', 'b', 'c', 'b'])
  await assert.rejects(run('linsert', 'l', 'BESIDE', 'b', 'c'), /syntax/)
})

test('elements of a value are removed from the beginning, from the end, or all', async () => {
  const { run, all } = open()
  await run('rpush', 'l', 'x', 'a', 'x', 'b', 'x', 'c', 'x')
  assert.equal(await run('lrem', 'l', 1, 'x'), 1)
  assert.equal(await run('lrem', 'l', -1, 'x'), 1)
  assert.deepEqual(await all(), ['a', 'x', 'b', 'x', 'c'])
  assert.equal(await run('lrem', 'l', 0, 'x'), 2)
  assert.equal(await run('lrem', 'l', 0, 'x'), 0)
  assert.deepEqual(await all(), ['a', 'b', 'c'])
})

test('ltrim keeps a range, and of a long list, too, with its time to live', async () => {
  const { run, all } = open()
  await run('rpush', 'l', ...Array.from({ length: 5000 }, (_, i) => i))
  await run('pexpire', 'l', 5000)
  assert.equal(await run('ltrim', 'l', 1, -2), 'OK')
  assert.equal(await run('llen', 'l'), 4998)
  await run('ltrim', 'l', 10, 12)
  assert.deepEqual(await all(), ['11', '12', '13'])
  assert.equal(await run('pttl', 'l'), 5000)
  await run('rpush', 'l', 'end')
  assert.equal(await run('lindex', 'l', 3), 'end')
  await run('ltrim', 'l', 5, 1)
  assert.equal(await run('exists', 'l'), 0)
})

test('lpos finds indexes by rank, count and length', async () => {
  const { run } = open()
  await run('rpush', 'l', 'a', 'b', 'c', '1', '2', '3', 'c', 'c')
  assert.equal(await run('lpos', 'l', 'c'), 2)
  assert.equal(await run('lpos', 'l', 'c', 'RANK', 2), 6)
  assert.equal(await run('lpos', 'l', 'c', 'RANK', -1), 7)
  assert.deepEqual(await run('lpos', 'l', 'c', 'COUNT', 2), [2, 6])
  assert.deepEqual(await run('lpos', 'l', 'c', 'RANK', -1, 'COUNT', 0), [7, 6, 2])
  assert.deepEqual(await run('lpos', 'l', 'c', 'COUNT', 0, 'MAXLEN', 7), [2, 6])
  assert.deepEqual(await run('lpos', 'l', 'c', 'COUNT', 0, 'RANK', -1, 'MAXLEN', 2), [7, 6])
  assert.equal(await run('lpos', 'l', 'x'), null)
  assert.deepEqual(await run('lpos', 'l', 'x', 'COUNT', 1), [])
  assert.equal(await run('lpos', 'none', 'x'), null)
  await assert.rejects(run('lpos', 'l', 'x', 'RANK', 0), /RANK/)
  await assert.rejects(run('lpos', 'l', 'x', 'COUNT', -1), /COUNT/)
  await run('linsert', 'l', 'BEFORE', '2', 'between')
  assert.deepEqual(await run('lpos', 'l', 'c', 'COUNT', 0), [2, 7, 8])
  assert.deepEqual(await run('lpos', 'l', 'c', 'COUNT', 0, 'RANK', -2), [7, 2])
})

test('an element moves from one list to another, and around in one', async () => {
  const { run, all } = open()
  assert.equal(await run('rpoplpush', 'l', 'm'), null)
  await run('rpush', 'l', 'a', 'b', 'c')
  assert.equal(await run('rpoplpush', 'l', 'm'), 'c')
  assert.equal(await run('lmove', 'l', 'm', 'LEFT', 'RIGHT'), 'a')
  assert.deepEqual(await all('m'), ['c', 'a'])
  assert.equal(await run('lmove', 'm', 'm', 'LEFT', 'RIGHT'), 'c')
  assert.deepEqual(await all('m'), ['a', 'c'])
  await run('pexpire', 'l', 1000)
  assert.equal(await run('rpoplpush', 'l', 'l'), 'b')
  assert.equal(await run('pttl', 'l'), 1000)
  await run('set', 'text', 'x')
  await assert.rejects(run('rpoplpush', 'l', 'text'), { code: 'STORE_WRONG_TYPE' })
  assert.equal(await run('llen', 'l'), 1)
  assert.equal(await run('rpoplpush', 'l', 'm'), 'b')
  assert.equal(await run('exists', 'l'), 0)
})

test('a list is sorted by bytes, or by numbers first', async () => {
  const { run, all } = open()
  await run('rpush', 'l', '10', '"b"', '9', '-1.5', '"a"', '1e1x', '2e2')
  await run('saola.list.sort', 'l', 'NUMERIC')
  assert.deepEqual(await all(), ['-1.5', '9', '10', '2e2', '"a"', '"b"', '1e1x'])
  await run('saola.list.sort', 'l', 'NUMERIC', 'DESC')
  assert.deepEqual(await all(), ['1e1x', '"b"', '"a"', '2e2', '10', '9', '-1.5'])
  await run('saola.list.sort', 'l')
  assert.deepEqual(await all(), ['"a"', '"b"', '-1.5', '10', '1e1x', '2e2', '9'])
  await assert.rejects(run('saola.list.sort', 'l', 'UP'), /syntax/)
})

test('another type is refused, and a string of this name is not a list', async () => {
  const { run } = open()
  await run('hset', 'h', 'a', 1)
  for (const call of [
    ['lpush', 'h', 1],
    ['lpop', 'h'],
    ['lrange', 'h', 0, 1],
    ['saola.list.page', 'h', '-', 1],
  ]) {
    await assert.rejects(run(...(call as [string])), { code: 'STORE_WRONG_TYPE' })
  }
})

test('pages go on behind a position, whatever is pushed, popped and removed meanwhile', async () => {
  const { run } = open()
  await run('rpush', 'l', ...'abcdefgh')
  const page = async (after: string | number) => (await run('saola.list.page', 'l', after, 3)) as (string | number)[]
  const first = await page('-')
  assert.deepEqual(
    first.filter((_, i) => i % 2 === 1),
    ['a', 'b', 'c'],
  )
  await run('lpop', 'l')
  await run('lrem', 'l', 0, 'c')
  await run('lpush', 'l', 'new')
  await run('linsert', 'l', 'AFTER', 'd', 'between')
  const second = await page(first.at(-2) as number)
  assert.deepEqual(
    second.filter((_, i) => i % 2 === 1),
    ['d', 'between', 'e'],
  )
})

test('a hole and a new one elsewhere do not make up for each other', async () => {
  const { run, all } = open()
  await run('rpush', 'l', 'a', 'b', 'c', 'd')
  await run('linsert', 'l', 'AFTER', 'a', 'new')
  await run('lrem', 'l', 1, 'c')
  assert.deepEqual(await all(), ['a', 'new', 'b', 'd'])
  assert.equal(await run('lindex', 'l', 1), 'new')
  assert.equal(await run('lpos', 'l', 'b'), 2)
})

test('a place where very many are inserted gets room', async () => {
  const { run, all } = open()
  await run('rpush', 'l', ...Array.from({ length: 3000 }, (_, i) => i))
  const expected = Array.from({ length: 3000 }, (_, i) => String(i))
  for (let i = 0; i < 1500; i++) {
    await run('linsert', 'l', 'AFTER', '1499', `new ${i}`)
    expected.splice(1500, 0, `new ${i}`)
  }
  assert.deepEqual(await all(), expected)
  assert.equal(await run('lindex', 'l', 2200), expected[2200])
  await run('saola.list.splice', 'l', 2000, 0, ...expected)
  expected.splice(2000, 0, ...expected)
  assert.deepEqual(await all(), expected)
})

test('what a failed turn has popped is there again', async () => {
  const { engine, run, all } = open()
  await run('rpush', 'l', 'a', 'b')
  await assert.rejects(
    engine.transaction(
      [],
      [
        ['lpop', 'l'],
        ['rpush', 'l', 'c'],
        ['lset', 'l', 9, 'x'],
      ],
    ),
  )
  assert.deepEqual(await all(), ['a', 'b'])
})

test('a long list is reached at both ends, in its middle and behind a change in its middle', async () => {
  const { run } = open()
  const count = 100_000
  for (let i = 0; i < count; i += 10_000) {
    await run('rpush', 'l', ...Array.from({ length: 10_000 }, (_, k) => `v${i + k}`))
  }
  const work = startWork()
  for (let i = 0; i < 500; i++) {
    assert.equal(await run('lindex', 'l', i * 199), `v${i * 199}`)
    assert.equal(await run('lindex', 'l', -1), `v${count - 1}`)
  }
  // By counting, the middle alone would take a second.
  assert.ok(work() < 1000, `${work()} ms`)
  await run('saola.list.splice', 'l', 50_000, 1)
  assert.equal(await run('lindex', 'l', 49_999), 'v49999')
  assert.equal(await run('lindex', 'l', 50_000), 'v50001')
  assert.equal(await run('lindex', 'l', 99_000), 'v99001')
})

test('the index is right however the holes and the new ones lie', async () => {
  const action = fc.tuple(fc.constantFrom('insert', 'remove', 'push', 'unshift', 'pop'), fc.nat(), fc.nat(3))
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async actions => {
      const { engine, run, all } = open()
      const model: string[] = []
      let next = 0
      for (const [what, place, count] of actions) {
        const values = Array.from({ length: count + 1 }, () => String(next++))
        const index = place % (model.length + 1)
        if (what === 'push') model.push(...values)
        if (what === 'unshift') model.unshift(...values)
        if (what === 'push' || what === 'unshift') {
          await run(what === 'push' ? 'rpush' : 'lpush', 'l', ...(what === 'push' ? values : values.toReversed()))
        }
        if (what === 'insert') {
          model.splice(index, 0, ...values)
          await run('saola.list.splice', 'l', index, 0, ...values)
        }
        if (what === 'remove') {
          assert.deepEqual(await run('saola.list.splice', 'l', index, count), model.splice(index, count))
        }
        if (what === 'pop') assert.equal(await run('rpop', 'l'), model.pop() ?? null)
        for (const [i, value] of model.entries()) {
          assert.equal(await run('lindex', 'l', i), value)
          assert.equal(await run('lpos', 'l', value), i)
        }
        assert.deepEqual(await all(), model)
      }
      await engine.close()
    }),
    { numRuns: 40 },
  )
})
