import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Call } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'

type Lists = Record<'a' | 'b', string[]>
/** The same in the store and in two arrays. */
type Step = readonly [call: Call, change: (lists: Lists) => void]

const key = fc.constantFrom('a', 'b')
const few = fc.nat(3)
const value = fc.constantFrom('u', 'v', 'w', 'x', 'y', 'z')
const several = fc.array(value, { minLength: 1, maxLength: 5 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(key, several)
      .map(([at, them]): Step => [['lpush', at, ...them.toReversed()], lists => lists[at].unshift(...them)]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(key, several)
      .map(([at, them]): Step => [['rpush', at, ...them], lists => lists[at].push(...them)]),
  },
  key.map((at): Step => [['lpop', at], lists => lists[at].shift()]),
  key.map((at): Step => [['rpop', at], lists => lists[at].pop()]),
  fc.tuple(key, few).map(([at, n]): Step => [['lpop', at, n], lists => lists[at].splice(0, n)]),
  fc.tuple(key, few).map(([at, n]): Step => [['rpop', at, n], lists => n > 0 && lists[at].splice(-n)]),
  fc
    .tuple(key, few, few)
    .map(([at, n, m]): Step => [['ltrim', at, n, -1 - m], lists => (lists[at] = lists[at].slice(n, -m || undefined))]),
  fc
    .tuple(key, few, few, value)
    .map(([at, n, m, it]): Step => [['saola.list.splice', at, n, m, it], lists => lists[at].splice(n, m, it)]),
  fc.tuple(key, few, few).map(([at, n, m]): Step => [['saola.list.splice', at, n, m], lists => lists[at].splice(n, m)]),
  fc
    .tuple(key, value)
    .map(([at, it]): Step => [['lrem', at, 0, it], lists => (lists[at] = lists[at].filter(other => other !== it))]),
  key.map((at): Step => [['saola.list.reverse', at], lists => lists[at].reverse()]),
  key.map((at): Step => [['saola.list.sort', at], lists => lists[at].sort()]),
  key.map((at): Step => [['del', at], lists => (lists[at] = [])]),
  fc.constant<Step>([
    ['copy', 'a', 'b', 'replace'],
    lists => lists.a.length > 0 && Object.assign(lists, { b: [...lists.a] }),
  ]),
  fc
    .tuple(key, key)
    .map(
      ([from, to]): Step => [
        ['lmove', from, to, 'LEFT', 'RIGHT'],
        lists => lists[from].length > 0 && lists[to].push(lists[from].shift() as string),
      ],
    ),
)

test('both ends are known to be where they are, whatever changes the list, and behind turns that fail', async () => {
  const turn = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 4 }), fails: fc.nat(4).map(n => n === 0) })
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 30 }), async turns => {
      const engine = new MemoryEngine()
      const lists: Lists = { a: [], b: [] }
      for (const { steps, fails } of turns) {
        const calls = steps.map(([call]) => call)
        if (fails) await assert.rejects(engine.transaction([], [...calls, ['set', 'text', 'x'], ['lpop', 'text']]))
        for (const [call, change] of fails ? [] : steps) {
          change(lists)
          await engine.call(call)
        }
        for (const at of ['a', 'b'] as const) {
          assert.deepEqual(texts(await engine.call(['lrange', at, 0, -1])), lists[at])
          assert.equal(text(await engine.call(['lindex', at, 1])), lists[at][1] ?? null)
        }
      }
      await engine.close()
    }),
    { numRuns: 150 },
  )
})

function texts(reply: Reply): unknown[] {
  return (reply as Reply[]).map(text)
}

function text(reply: Reply): unknown {
  return Buffer.isBuffer(reply) ? reply.toString() : reply
}
