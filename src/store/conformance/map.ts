import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

/** Entries are set, found, deleted and iterated. */
export function mapConformance(open: OpenEngine): void {
  test('an entry is there from its set to its deletion', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    assert.deepEqual([await map.get('a'), await map.has('a'), await map.size()], [undefined, false, 0])
    assert.equal(await map.set('a', 1), true)
    assert.equal(await map.set('a', 2), true)
    assert.equal(await map.setMany(new Map([['b', 3] as const, ['c', 4] as const])), true)
    assert.deepEqual([await map.get('a'), await map.has('a'), await map.size()], [2, true, 3])
    assert.deepEqual(await map.getMany(['c', 'absent', 'a', 'c']), [4, undefined, 2, 4])
    assert.equal(await map.delete('a', 'absent', 'b', 'a'), 2)
    assert.deepEqual(await listOf(map), [['c', 4]])
    assert.equal(await map.take('c'), 4)
    assert.deepEqual([await map.take('c'), await map.size()], [undefined, 0])
  })

  test('nothing to do is done', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m')
    assert.equal(await map.setMany([]), true)
    assert.deepEqual(await map.getMany([]), [])
    assert.equal(await map.delete(), 0)
    await map.clear()
    assert.deepEqual(await listOf(map), [])
  })

  test('maps of other names, and other structures, are apart', async t => {
    const { store } = await openSubject(open, t)
    await store.map('m').set('a', 1)
    await store.map('n').set('a', 2)
    await store.counter('a').increment()
    await store.map('n').clear()
    assert.equal(await store.map('m').get('a'), 1)
    assert.equal(await store.map('n').get('a'), undefined)
    assert.equal(await store.counter('a').get(), 1)
  })

  test('any text is a key, and texts that look alike are several', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<string>('{m}:\0*?[ä')
    const keys = [
      ' ',
      'a',
      'A',
      'a ',
      '\0',
      '*',
      '__proto__',
      'constructor',
      '-',
      '=',
      '=a',
      'é',
      'e\u0301',
      '😀',
      '1e3',
    ]
    keys.push('x'.repeat(64 * 1024))
    for (const key of keys) await map.set(key, key)
    assert.equal(await map.size(), keys.length)
    assert.deepEqual(await map.getMany(keys), keys)
    assert.deepEqual(new Set(await listOf(map.keys())), new Set(keys))
  })

  test('a condition sets all or nothing', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    assert.equal(await map.set('a', 1, { ifPresent: true }), false)
    assert.equal(await map.set('a', 2, { ifAbsent: true }), true)
    assert.equal(await map.set('a', 3, { ifAbsent: true }), false)
    assert.equal(await map.set('a', 4, { ifPresent: true }), true)
    const both = [['a', 5] as const, ['b', 5] as const]
    assert.equal(await map.setMany(both, { ifAbsent: true }), false)
    assert.equal(await map.setMany(both, { ifPresent: true }), false)
    assert.deepEqual(await listOf(map), [['a', 4]])
  })

  test('of those who set or take at once, one gets it', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    const set = await Promise.all(numbers.map(i => map.set('a', i, { ifAbsent: true })))
    assert.equal(set.filter(Boolean).length, 1)
    assert.equal(await map.get('a'), set.indexOf(true))
    const taken = await Promise.all(numbers.map(() => map.take('a')))
    assert.equal(taken.filter(value => value !== undefined).length, 1)
  })

  test('iteration goes in the order of the bytes, by prefix, over any number', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    const keys = Array.from({ length: 1203 }, (_, i) => `k${i}`)
    const others = ['j', 'kä', 'k😀', 'l', '\u{10ffff}', '\u{10ffff}a']
    await map.setMany([...keys, ...others].map((key, i) => [key, i] as const))
    const ordered = [...keys, ...others].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(await listOf(map.keys()), ordered)
    for (const prefix of ['k', 'k1', 'kä', 'k😀', 'x', '\u{10ffff}', 'k1202']) {
      const wanted = ordered.filter(key => key.startsWith(prefix))
      assert.deepEqual(await listOf(map.keys({ prefix })), wanted, prefix)
    }
    assert.deepEqual(await listOf(map.values({ prefix: 'k12' })), [12, 120, 1200, 1201, 1202, ...range(121, 129)])
    assert.deepEqual(await listOf(map.entries({ prefix: 'l' })), [['l', 1206]])
  })

  test('iteration sees exactly once what was there all the time, whatever others change', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    await map.setMany(range(1000, 2999).map(i => [`k${i}`, i] as const))
    const seen: string[] = []
    for await (const key of map.keys()) {
      seen.push(key)
      if (seen.length % 500 !== 10) continue
      await map.delete(key, 'k2900')
      await map.setMany([['a', 0] as const, [`k${1000 + seen.length}-new`, 0] as const])
    }
    const constant = range(1000, 2999).filter(i => i !== 2900 && i % 500 !== 9)
    assert.equal(new Set(seen).size, seen.length)
    assert.deepEqual(
      constant.filter(i => !seen.includes(`k${i}`)),
      [],
    )
  })

  test('peek sees what was awaited', async t => {
    const { store, engine } = await openSubject(open, t)
    const map = store.map<number>('m')
    if (!engine.canReadNow) {
      assert.throws(() => map.peek('a'), { code: 'STORE_UNSUPPORTED' })
      return
    }
    assert.equal(map.peek('a'), undefined)
    await map.set('a', 1)
    assert.equal(map.peek('a'), 1)
    await map.clear()
    assert.equal(map.peek('a'), undefined)
  })
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
