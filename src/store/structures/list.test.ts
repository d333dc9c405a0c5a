import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Call, CallOptions } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'
import { Store } from '../store.ts'
import { StoreList } from './list.ts'

function open() {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  const list = new Store(engine).list<unknown>('jobs')
  const passMs = (ms: number) =>
    engine.moveClock(() => {
      clock.now += ms
    })
  /** Waits for 5 ms at most, and they pass. */
  const takeInTime = () => {
    const taken = list.take({ timeout: '5ms' })
    passMs(5)
    return taken
  }
  return { engine, list, passMs, takeInTime }
}

test('values are pushed and popped at both ends, in the order that an array gives them', async () => {
  const { list } = open()
  assert.equal(await list.push(3, 4), 2)
  assert.equal(await list.unshift(1, 2), 4)
  assert.equal(await list.push(), 4)
  assert.deepEqual(await list.toArray(), [1, 2, 3, 4])
  assert.equal(await list.shift(), 1)
  assert.equal(await list.pop(), 4)
  assert.equal(await list.length(), 2)
  await list.clear()
  assert.equal(await list.pop(), undefined)
  assert.equal(await list.shift(), undefined)
})

test('calls that are not awaited are carried out in their order', async () => {
  const { list } = open()
  const replies = [list.push(1), list.push(2), list.splice(1, 1, 'two'), list.shift(), list.slice(), list.includes(1)]
  assert.deepEqual(await Promise.all(replies), [1, 2, [2], 1, ['two'], false])
})

test('an element that is absent cannot be set, and an index is a whole number', async () => {
  const { list } = open()
  await assert.rejects(list.set(0, 'x'), { code: 'STORE_ARGUMENT_INVALID' })
  await list.push('a')
  await list.set(-1, 'b')
  assert.equal(await list.at(0), 'b')
  assert.equal(list.peekAt(0), 'b')
  assert.equal(list.peekAt(1), undefined)
  await assert.rejects(list.set(1, 'x'), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(list.at(0.5), { code: 'STORE_ARGUMENT_INVALID' })
})

test('values are found and removed by what they hold', async () => {
  const { list } = open()
  await list.push({ a: 1 }, 'x', { a: 1 }, '1', 1)
  assert.equal(await list.indexOf({ a: 1 }), 0)
  assert.equal(await list.lastIndexOf({ a: 1 }), 2)
  assert.equal(await list.indexOf(1), 4)
  assert.equal(await list.includes('none'), false)
  assert.equal(await list.remove({ a: 1 }, -1), 1)
  assert.equal(await list.remove({ a: 1 }), 1)
  assert.deepEqual(await list.slice(), ['x', '1', 1])
})

test('numbers are sorted by their value and before texts', async () => {
  const { list } = open()
  await list.push(10, 'b', 9, 'a', -1)
  await list.sort()
  assert.deepEqual(await list.slice(), [-1, 9, 10, 'a', 'b'])
  await list.sort({ descending: true })
  assert.deepEqual(await list.slice(), ['b', 'a', 10, 9, -1])
  await list.reverse()
  assert.deepEqual(await list.slice(), [-1, 9, 10, 'a', 'b'])
})

test('iteration sees what was there all the time, whatever is pushed and popped meanwhile', async () => {
  const { list } = open()
  await list.push(...Array.from({ length: 1500 }, (_, i) => i))
  const seen: unknown[] = []
  for await (const value of list) {
    seen.push(value)
    if (value === 100) {
      await list.shift()
      await list.unshift('new')
      await list.splice(700, 1)
      await list.push('last')
    }
  }
  assert.deepEqual(seen, [...Array.from({ length: 1500 }, (_, i) => i).filter(i => i !== 700), 'last'])
})

test('whoever takes waits for an element, and who has waited longest gets it', async () => {
  const { list } = open()
  const waiting = [list.take(), list.take(), list.take({ from: 'end' })]
  await list.push('a', 'b', 'c')
  assert.deepEqual(await Promise.all(waiting), ['a', 'b', 'c'])
  const more = [list.take(), list.take()]
  await Promise.all([list.push('d'), list.push('e')])
  assert.deepEqual(await Promise.all(more), ['d', 'e'])
  const first = list.take()
  const pushed = list.push('f')
  const second = list.take()
  await pushed
  await list.push('g')
  assert.deepEqual(await Promise.all([first, second]), ['f', 'g'])
})

test('a request that was given up before it was carried out takes nothing, and keeps nobody from it', async () => {
  const { engine, list } = open()
  const givenUp = engine.call(['saola.list.take', 'jobs', 'LEFT', 0, 'one'])
  const next = list.take()
  assert.equal(await engine.call(['saola.list.return', 'jobs', 'LEFT', 'one']), 0)
  await list.push('a')
  assert.equal(await givenUp, null)
  assert.equal(await next, 'a')
})

test('a take comes to nothing when its time is over', async () => {
  const { list, takeInTime } = open()
  assert.equal(await takeInTime(), undefined)
  await list.push('a')
  assert.equal(await takeInTime(), 'a')
  await assert.rejects(list.take({ timeout: 0 }), { code: 'STORE_ARGUMENT_INVALID' })
})

test('a take that is given up removes nothing, and keeps nobody from it', async () => {
  const { list } = open()
  const controller = new AbortController()
  const givenUp = list.take({ signal: controller.signal })
  const second = list.take()
  const pushed = list.push('a')
  controller.abort(new Error('enough'))
  await assert.rejects(givenUp, /enough/)
  await pushed
  assert.equal(await second, 'a')
  await assert.rejects(list.take({ signal: controller.signal }), /enough/)
})

test('what was taken for somebody who has given up just then is put back', async () => {
  const { engine } = open()
  // As when the connection breaks behind the request.
  class Losing extends MemoryEngine {
    override async wait(...args: Parameters<MemoryEngine['wait']>): Promise<Reply> {
      await super.wait(...args)
      throw new Error('lost')
    }
  }
  await engine.close()
  const list = new StoreList(new Losing(), 'jobs')
  await list.push('a', 'b')
  await assert.rejects(list.take(), /lost/)
  assert.deepEqual(await list.slice(), ['a', 'b'])
})

test('a request takes once, however often it is sent, until it has arrived', async () => {
  const { engine, list, passMs } = open()
  await list.push(1, 2, 3)
  const take = (request: string) => {
    const taken = engine.call(['saola.list.take', 'jobs', 'LEFT', 1, request])
    passMs(1)
    return taken.then(String)
  }
  assert.equal(await take('one'), '1')
  assert.equal(await take('one'), '1')
  await engine.call(['saola.list.taken', 'jobs', 'one'])
  assert.equal(await take('one'), '2')
  passMs(10 * 60_000)
  // The next one clears away what nobody has asked for.
  assert.equal(await take('two'), '3')
  assert.equal(await take('one'), 'null')
  await list.push(4)
  await engine.call(['saola.list.return', 'jobs', 'LEFT', 'three'])
  assert.equal(await take('three'), 'null')
  assert.equal(await list.length(), 1)
})

test('what has arrived is not kept', async () => {
  const calls: string[] = []
  class Noting extends MemoryEngine {
    override call(call: Call, options?: CallOptions) {
      calls.push(call[0])
      return super.call(call, options)
    }
  }
  const list = new StoreList(new Noting(), 'jobs')
  await list.push('a')
  assert.equal(await list.take(), 'a')
  assert.deepEqual(calls, ['rpush', 'saola.list.taken'])
})

test('a consumer gets each element once, and ends with its signal', async () => {
  const { list } = open()
  const controller = new AbortController()
  const seen: unknown[] = []
  const consume = async () => {
    for await (const value of list.consume({ signal: controller.signal })) {
      seen.push(value)
      if (seen.length === 20) controller.abort()
    }
  }
  const consumers = [consume(), consume()]
  for (let i = 0; i < 20; i++) await list.push(i)
  await Promise.all(consumers)
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i),
  )
})

test('a list does what an array does', async () => {
  const value = fc.oneof(fc.nat(5), fc.constantFrom('a', 'b'), fc.constant(null))
  const values = fc.array(value, { maxLength: 4 })
  const index = fc.integer({ min: -12, max: 12 })
  type Action = (
    list: StoreList<unknown>,
    array: unknown[],
    takeInTime: () => Promise<unknown>,
  ) => Promise<[unknown, unknown]>
  const actions = fc.oneof(
    values.map(
      (v): Action =>
        async (l, a) => [await l.push(...v), a.push(...v)],
    ),
    values.map(
      (v): Action =>
        async (l, a) => [await l.unshift(...v), a.unshift(...v)],
    ),
    fc.constant<Action>(async (l, a) => [await l.pop(), a.pop()]),
    fc.constant<Action>(async (l, a) => [await l.shift(), a.shift()]),
    fc.constant<Action>(async (l, a) => [await l.reverse(), void a.reverse()]),
    fc.constant<Action>(async (l, a) => [await l.toArray(), [...a]]),
    fc.constant<Action>(async (_l, a, takeInTime) => [await takeInTime(), a.shift()]),
    index.map(
      (i): Action =>
        async (l, a) => [await l.at(i), a.at(i)],
    ),
    index.map(
      (i): Action =>
        async (l, a) => [l.peekAt(i), a.at(i)],
    ),
    value.map(
      (v): Action =>
        async (l, a) => [await l.indexOf(v), a.indexOf(v)],
    ),
    value.map(
      (v): Action =>
        async (l, a) => [await l.lastIndexOf(v), a.lastIndexOf(v)],
    ),
    value.map(
      (v): Action =>
        async (l, a) => [await l.includes(v), a.includes(v)],
    ),
    value.map(
      (v): Action =>
        async (l, a) => {
          const count = a.filter(other => other === v).length
          a.splice(0, a.length, ...a.filter(other => other !== v))
          return [await l.remove(v), count]
        },
    ),
    fc.tuple(index, value).map(
      ([i, v]): Action =>
        async (l, a) => {
          if (a.at(i) === undefined) return [0, 0]
          a.splice(i, 1, v)
          return [await l.set(i, v), undefined]
        },
    ),
    fc.tuple(index, index).map(
      ([s, e]): Action =>
        async (l, a) => [await l.slice(s, e), a.slice(s, e)],
    ),
    fc.tuple(index, index, values).map(
      ([s, n, v]): Action =>
        async (l, a) => [await l.splice(s, n, ...v), a.splice(s, n, ...v)],
    ),
    index.map(
      (s): Action =>
        async (l, a) => [await l.splice(s), a.splice(s)],
    ),
    fc.tuple(index, values).map(
      ([s, v]): Action =>
        async (l, a) => [await l.insert(s, ...v), void a.splice(s, 0, ...v)],
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { maxLength: 30 }), async actions => {
      const { engine, list, takeInTime } = open()
      const array: unknown[] = []
      for (const act of actions) {
        const [got, expected] = await act(list, array, takeInTime)
        assert.deepEqual(got, expected)
        assert.deepEqual(await list.slice(), array)
        assert.equal(await list.length(), array.length)
      }
      await engine.close()
    }),
    { numRuns: 150 },
  )
})
