import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

/** What one process calls is carried out in the order of its calls, awaited or not. */
export function orderConformance(open: OpenEngine): void {
  test('a read sees the writes that were called before it', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    const results = await Promise.all([
      map.get('a'),
      map.set('a', 1),
      map.get('a'),
      map.setMany([['b', 2] as const]),
      map.getMany(['a', 'b']),
      map.increment('a', 5),
      map.has('b'),
      map.size(),
      map.take('a'),
      map.get('a'),
      map.clear(),
      map.size(),
    ])
    assert.deepEqual(results, [undefined, true, 1, true, [1, 2], 6, true, 2, 6, undefined, undefined, 0])
  })

  test('writes are carried out in their order, to one key and to several', async t => {
    const { store, engine } = await openSubject(open, t)
    const map = store.map<number>('m')
    const writes = [map.set('a', 1), map.delete('a'), map.set('a', 2), map.set('b', 1), store.counter('c').increment()]
    writes.push(engine.call(['del', 'm']) as Promise<number>, map.set('c', 3))
    const seen = Promise.all([map.getMany(['a', 'b', 'c']), store.counter('c').get()])
    assert.deepEqual(await seen, [[undefined, undefined, 3], 1])
    await Promise.all(writes)
  })

  test('a transaction has its place, too', async t => {
    const { engine } = await openSubject(open, t)
    const results = await Promise.all([
      engine.call(['set', 'a', '1']),
      engine.transaction([], [['incr', 'a']]),
      engine.call(['incr', 'a']),
    ])
    assert.deepEqual([results[1], results[2]], [[2], 3])
  })

  test('a call that fails leaves those around it alone', async t => {
    const { store, engine } = await openSubject(open, t)
    const counter = store.counter('c')
    const calls = [
      counter.increment(),
      engine.call(['hset', 'c', 'f', 'x']),
      counter.increment(),
      engine.call(['nonsense']),
    ]
    const outcomes = await Promise.allSettled([...calls, counter.increment()])
    assert.deepEqual(
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code)),
      [1, 'STORE_WRONG_TYPE', 2, 'STORE_COMMAND', 3],
    )
  })
}
