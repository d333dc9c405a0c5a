import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

const hundred = Array.from({ length: 100 }, (_, i) => i)

/** What is made of a value by what it was. */
export function mapChangeConformance(open: OpenEngine): void {
  test('getOrSet makes a value once it is absent, and all get the same', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    const values = await Promise.all(hundred.map(i => map.getOrSet('a', async () => i)))
    assert.equal(new Set(values).size, 1)
    assert.equal(await map.get('a'), values[0])
    const kept = await map.getOrSet('a', () => assert.fail('made again'))
    assert.equal(kept, values[0])
  })

  test('getOrSet keeps what is there, also when it is false, 0, empty or null', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m')
    for (const value of [false, 0, '', null]) {
      await map.set('a', value)
      assert.equal(await map.getOrSet('a', () => 1), value)
    }
  })

  test('no update is lost', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number[]>('m')
    const some = hundred.slice(0, 20)
    await Promise.all(some.map(i => map.update('a', old => [...(old ?? []), i])))
    assert.deepEqual(
      (await map.get('a'))?.toSorted((a, b) => a - b),
      some,
    )
  })

  test('an update to undefined deletes, and what it throws changes nothing', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    assert.equal(await map.update('a', old => (old ?? 0) + 1), 1)
    await assert.rejects(
      map.update('a', () => {
        throw new Error('no')
      }),
      { message: 'no' },
    )
    assert.equal(await map.get('a'), 1)
    assert.equal(await map.update('a', () => undefined), undefined)
    assert.equal(await map.has('a'), false)
    assert.equal(await map.update('a', () => undefined), undefined)
    assert.equal(await map.has('a'), false)
  })

  test('an update that others always forestall gives up', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    let others = 0
    const update = map.update('a', async () => {
      await map.set('a', ++others)
      return -1
    })
    await assert.rejects(update, { code: 'STORE_CONFLICT' })
    assert.equal(await map.get('a'), others)
  })

  test('increments add up: whole ones exactly, and fractions', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<unknown>('m')
    assert.deepEqual(
      (await Promise.all(hundred.map(() => map.increment('a')))).toSorted((a, b) => a - b),
      hundred.map(i => i + 1),
    )
    assert.equal(await map.increment('a', -101), -1)
    assert.equal(await map.increment('a', 0.5), -0.5)
    assert.equal(await map.increment('a', 2), 1.5)
    assert.equal(await map.get('a'), 1.5)
    await map.set('large', Number.MAX_SAFE_INTEGER - 1)
    assert.equal(await map.increment('large'), Number.MAX_SAFE_INTEGER)
    for (const value of ['1', true, null, {}]) {
      await map.set('b', value)
      await assert.rejects(map.increment('b'), { code: 'STORE_NOT_A_NUMBER' })
      assert.deepEqual(await map.get('b'), value)
    }
  })
}
