import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

/** Whoever takes waits for an element: each goes to one, in the order in which they came. */
export function listTakeConformance(open: OpenEngine): void {
  test('an element that is there is taken at once, from the end that is asked for', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    const values = [0, '', false, null, [], {}]
    await list.push(...values)
    for (const value of values) assert.deepEqual(await list.take(), value)
    await list.push('a', 'b', 'c')
    assert.deepEqual([await list.take({ from: 'end' }), await list.take({ from: 'start' })], ['c', 'a'])
    assert.equal(await list.take({ timeout: '1h' }), 'b')
    assert.equal(await store.type('l'), 'none')
  })

  test('who has waited longest gets the next one, and each comes once', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
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
    await list.unshift('g')
    assert.deepEqual(await Promise.all([first, second]), ['f', 'g'])
    assert.equal(await list.length(), 0)
  })

  test('any call that adds an element ends a wait', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const adding = [
      () => list.unshift('a'),
      () => list.insert(0, 'a'),
      () => list.splice(0, 0, 'a'),
      () => store.transaction(tx => tx.list<string>('l').push('a')),
    ]
    for (const add of adding) {
      const taken = list.take()
      await add()
      assert.equal(await taken, 'a')
    }
  })

  test('those who wait in several processes get each element once', async t => {
    const { store, other } = await openSubject(open, t)
    const takers = [store, other(), other()].map(one => one.list<number>('l'))
    const numbers = Array.from({ length: 60 }, (_, i) => i)
    const taken = numbers.map(i => (takers[i % 3] ?? assert.fail()).take())
    for (const i of numbers) await store.list('l').push(i)
    assert.deepEqual(new Set(await Promise.all(taken)), new Set(numbers))
    assert.equal(await store.list('l').length(), 0)
  })

  test('a wait comes to nothing when its time is over, and those behind it wait on', async t => {
    const { store, pass } = await openSubject(open, t)
    const list = store.list<string>('l')
    // Long enough for an answer of a busy machine.
    const short = list.take({ timeout: '1500ms' })
    const long = list.take({ timeout: '1h' })
    await pass(1_500)
    assert.equal(await short, undefined)
    await list.push('a', 'b')
    assert.equal(await long, 'a')
    const late = list.take({ timeout: '1500ms' })
    // What was taken in time is not lost when the time is over.
    await pass(1_500)
    assert.equal(await late, 'b')
  })

  test('a time that is none, and an end that is none, are refused', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    await list.push('a')
    for (const timeout of [0, -1, '', 'soon', Number.POSITIVE_INFINITY]) {
      await assert.rejects(list.take({ timeout }), { code: 'STORE_ARGUMENT_INVALID' })
    }
    for (const from of ['left', '', null] as never[]) {
      await assert.rejects(list.take({ from }), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(list.consume({ from }).next(), { code: 'STORE_ARGUMENT_INVALID' })
    }
    assert.deepEqual(await list.slice(), ['a'])
  })

  test('a take that is given up removes nothing, and keeps nobody from it', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const controller = new AbortController()
    const givenUp = list.take({ signal: controller.signal })
    const second = list.take()
    const pushed = list.push('a')
    controller.abort(new Error('enough'))
    await Promise.all([assert.rejects(givenUp, /enough/), pushed])
    assert.equal(await second, 'a')
    await list.push('b')
    await assert.rejects(list.take({ signal: controller.signal }), /enough/)
    assert.deepEqual(await list.slice(), ['b'])
  })

  test('of an element and the end of the wait that come at once, either counts, and no element is lost', async t => {
    const { store, other } = await openSubject(open, t)
    const [list, pushing] = [store.list<number>('l'), other().list<number>('l')]
    const got: number[] = []
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController()
      const taken = list.take({ signal: controller.signal })
      const pushed = pushing.push(i)
      // Sometimes before the push, sometimes at once with it, sometimes behind it.
      if (i % 3 > 0) await setImmediate()
      if (i % 3 > 1) await pushed
      controller.abort(new Error('enough'))
      const [outcome] = await Promise.allSettled([taken, pushed])
      if (outcome.status === 'fulfilled') got.push(outcome.value ?? assert.fail('nothing was taken'))
      else assert.match(String(outcome.reason), /enough/)
    }
    const left = await list.slice()
    assert.deepEqual(
      [...got, ...left].toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i),
    )
  })

  test('the engine gives up a wait by itself: what nobody waits for any more stays', async t => {
    const { engine, store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const requests: string[] = []
    const take = (request: string, timeoutMs: number) => {
      requests.push(request)
      return ['saola.list.take', 'l', 'LEFT', timeoutMs, request] as const
    }
    const controller = new AbortController()
    const waits = Array.from({ length: 5 }, () => engine.wait(take, { timeoutMs: 0, signal: controller.signal }))
    assert.equal(new Set(requests).size, 5)
    await engine.call(['ping'])
    controller.abort(new Error('enough'))
    for (const wait of waits) await assert.rejects(wait, /enough/)
    await list.push('a', 'b')
    assert.deepEqual(await list.slice(), ['a', 'b'])
  })

  test('what the engine has taken for a wait that is given up too late is answered, or stays', async t => {
    const { engine, store } = await openSubject(open, t)
    await store.list('l').push('a')
    const controller = new AbortController()
    const take = (request: string) => ['saola.list.take', 'l', 'LEFT', 0, request] as const
    const taken = engine.wait(take, { timeoutMs: 0, signal: controller.signal })
    controller.abort(new Error('enough'))
    const [{ status }] = await Promise.allSettled([taken])
    assert.deepEqual(await store.list('l').slice(), status === 'fulfilled' ? [] : ['a'])
  })

  test('a wait is given up also when the turn in which it was is undone', async t => {
    const { engine, store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const controller = new AbortController()
    const taken = list.take({ signal: controller.signal })
    await list.push('first')
    assert.equal(await taken, 'first')
    const waiting = list.take({ signal: controller.signal })
    await engine.call(['ping'])
    controller.abort(new Error('enough'))
    const failing = engine.transaction(
      [],
      [
        ['set', 'a', 'x'],
        ['hlen', 'a'],
      ],
    )
    await Promise.all([assert.rejects(failing, { code: 'STORE_WRONG_TYPE' }), assert.rejects(waiting, /enough/)])
    await list.push('second')
    assert.deepEqual(await list.slice(), ['second'])
  })

  test('a consumer gets each element once, and ends with its signal', async t => {
    const { store, other } = await openSubject(open, t)
    const controller = new AbortController()
    const heard = new Heard<unknown>()
    const consume = async (list: { consume(options: object): AsyncIterable<unknown> }) => {
      for await (const value of list.consume({ signal: controller.signal })) heard.add(value)
    }
    const consumers = [consume(store.list('l')), consume(store.list('l')), consume(other().list('l'))]
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    for (const i of numbers) await store.list('l').push(i)
    assert.deepEqual(new Set(await heard.count(20)), new Set(numbers))
    controller.abort()
    await Promise.all(consumers)
    assert.equal(heard.items.length, 20)
    await store.list('l').push('kept')
    assert.deepEqual(await store.list('l').slice(), ['kept'])
  })

  test('a consumer takes from the end that is asked for, and one by one', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    await list.push('a', 'b', 'c')
    for await (const value of list.consume({ from: 'end' })) {
      assert.equal(value, 'c')
      break
    }
    assert.deepEqual(await list.slice(), ['a', 'b'])
  })

  test('the end of the store ends a wait', async t => {
    const { engine, store } = await openSubject(open, t)
    const waiting = store.list('l').take()
    await engine.call(['ping'])
    await Promise.all([assert.rejects(waiting, { code: 'STORE_CLOSED' }), store.close()])
    await assert.rejects(store.list('l').take(), { code: 'STORE_CLOSED' })
    await assert.rejects(store.lock('l').acquire(), { code: 'STORE_CLOSED' })
  })
}
