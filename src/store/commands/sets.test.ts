import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Argument } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { Members, type Reply } from '../resp/reply.ts'

function open() {
  const engine = new MemoryEngine()
  const run = async (name: string, ...args: Argument[]) => plain(await engine.call([name, ...args]))
  return { engine, run }
}

/** Buffers as texts. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (reply instanceof Members) return reply.items.map(plain)
  return Array.isArray(reply) ? reply.map(plain) : reply
}

test('members are added and removed once, and a set without any is no key', async () => {
  const { run } = open()
  assert.equal(await run('sadd', 's', 'b', 'a', 'b', ''), 3)
  assert.equal(await run('sadd', 's', 'a'), 0)
  assert.equal(await run('scard', 's'), 3)
  assert.deepEqual(await run('smembers', 's'), ['', 'a', 'b'])
  assert.equal(await run('sismember', 's', 'a'), 1)
  assert.deepEqual(await run('smismember', 's', 'a', 'c', ''), [1, 0, 1])
  assert.equal(await run('srem', 's', 'a', 'a', 'x'), 1)
  assert.equal(await run('srem', 's', 'b', ''), 2)
  assert.equal(await run('exists', 's'), 0)
  assert.deepEqual(await run('smembers', 's'), [])
  await run('set', 'text', 'x')
  await assert.rejects(run('sadd', 'text', 'a'), { code: 'STORE_WRONG_TYPE' })
  await assert.rejects(run('sinter', 'text', 's'), { code: 'STORE_WRONG_TYPE' })
})

test('a member moves from one set to another', async () => {
  const { run } = open()
  await run('sadd', 'one', 'a')
  assert.equal(await run('smove', 'one', 'two', 'x'), 0)
  assert.equal(await run('exists', 'two'), 0)
  assert.equal(await run('smove', 'one', 'one', 'a'), 1)
  assert.equal(await run('smove', 'one', 'two', 'a'), 1)
  assert.equal(await run('exists', 'one'), 0)
  assert.deepEqual(await run('smembers', 'two'), ['a'])
  await run('sadd', 'one', 'a', 'b')
  assert.equal(await run('smove', 'one', 'two', 'a'), 1)
  assert.equal(await run('scard', 'two'), 1)
  await run('zadd', 'z', 1, 'a')
  await assert.rejects(run('smove', 'one', 'z', 'b'), { code: 'STORE_WRONG_TYPE' })
  assert.deepEqual(await run('smembers', 'one'), ['b'])
})

test('members are popped at random, each once', async () => {
  const { run } = open()
  const members = Array.from({ length: 40 }, (_, i) => `m${i}`)
  await run('sadd', 's', ...members)
  const popped: unknown[] = []
  for (let i = 0; i < 10; i++) popped.push(await run('spop', 's'))
  popped.push(...((await run('spop', 's', 15)) as unknown[]))
  assert.equal(await run('scard', 's'), 15)
  assert.deepEqual(await run('spop', 's', 0), [])
  popped.push(...((await run('spop', 's', 99)) as unknown[]))
  assert.deepEqual(popped.toSorted(), members.toSorted())
  // One order of 40! is the sorted one.
  assert.notDeepEqual(popped, members.toSorted())
  assert.equal(await run('exists', 's'), 0)
  assert.equal(await run('spop', 's'), null)
  assert.deepEqual(await run('spop', 's', 2), [])
  await assert.rejects(run('spop', 's', -1), /must be positive/)
})

const members = fc.uniqueArray(fc.nat(30).map(String), { maxLength: 20 })

test('union, intersection and difference are those of sets, at once and page by page', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(members, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 7 }),
      async (sets, count) => {
        const { run } = open()
        for (const [i, set] of sets.entries()) if (set.length > 0) await run('sadd', `s${i}`, ...set)
        const [first = [], ...others] = sets
        const expected = {
          union: [...new Set(sets.flat())],
          inter: first.filter(member => others.every(set => set.includes(member))),
          diff: first.filter(member => !others.some(set => set.includes(member))),
        }
        const keys = sets.map((_, i) => `s${i}`)
        for (const [name, all] of Object.entries(expected)) {
          assert.deepEqual(await run(`s${name}`, ...keys), all.toSorted())
          const pages: unknown[] = []
          let last: unknown = '-'
          while (last !== null) {
            const after = last === '-' ? last : `=${last}`
            const [seen, ...page] = (await run(
              'saola.set.combine',
              name.toUpperCase(),
              after as string,
              count,
              ...keys,
            )) as unknown[]
            pages.push(...page)
            last = seen
          }
          assert.deepEqual(pages, all.toSorted())
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('a combination of other words is refused', async () => {
  const { run } = open()
  await assert.rejects(run('saola.set.combine', 'toString', '-', 5, 'a'), /syntax error/)
  await assert.rejects(run('saola.set.combine', 'UNION', '-', 'x', 'a'), { code: 'STORE_NOT_A_NUMBER' })
})

test('a set larger than a page is combined whole', async () => {
  const { run } = open()
  const many = Array.from({ length: 2500 }, (_, i) => `m${i}`)
  await run('sadd', 'all', ...many)
  await run('sadd', 'some', ...many.slice(700))
  assert.equal(((await run('sunion', 'all', 'some')) as unknown[]).length, 2500)
  assert.equal(((await run('sinter', 'all', 'some')) as unknown[]).length, 1800)
  assert.deepEqual(await run('sdiff', 'all', 'some'), many.slice(0, 700).toSorted())
})
