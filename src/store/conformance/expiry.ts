import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

/** What has a time to live is there until then, and not after. */
export function expiryConformance(open: OpenEngine): void {
  test('an entry that has expired is nowhere', async t => {
    const { store, engine, pass } = await openSubject(open, t)
    const map = store.map<number>('m')
    await map.setMany([['a', 1] as const, ['b', 2] as const], { ttl: '60ms' })
    await map.set('c', 3)
    await pass(60)
    assert.deepEqual([await map.get('a'), await map.has('a'), await map.ttl('a')], [undefined, false, undefined])
    if (engine.canReadNow) assert.equal(map.peek('a'), undefined)
    assert.deepEqual(await map.getMany(['a', 'c']), [undefined, 3])
    assert.deepEqual([await map.size(), await listOf(map)], [1, [['c', 3]]])
    assert.equal(await map.set('a', 4, { ifPresent: true }), false)
    assert.deepEqual([await map.take('a'), await map.delete('a'), await map.expire('b', '1h')], [undefined, 0, false])
    assert.equal(await map.increment('b'), 1)
    assert.equal(await map.set('a', 5, { ifAbsent: true }), true)
    assert.equal(await map.size(), 3)
    await pass(60)
    assert.deepEqual(await map.getMany(['a', 'b', 'c']), [5, 1, 3])
  })

  test('a map that lost all its entries to time is none', async t => {
    const { store, engine, pass } = await openSubject(open, t)
    await store.map('m').set('a', 1, { ttl: '60ms' })
    await pass(60)
    assert.equal(await store.map('m').size(), 0)
    assert.deepEqual(await listOf(store.map('m')), [])
    assert.equal(await engine.call(['saola.map.ttl', 'm', 'a']), -2)
  })

  test('the time of a map is that of its entries, unless they have their own', async t => {
    const { store, pass } = await openSubject(open, t)
    const map = store.map<number>('m', { ttl: '60ms' })
    await map.set('own', 1, { ttl: '1h' })
    await map.set('default', 1)
    await map.getOrSet('made', () => 1)
    await map.update('updated', () => 1)
    await pass(60)
    assert.deepEqual(await listOf(map.keys()), ['own'])
  })

  test('ttl tells, expire changes, a set renews, an update and an increment keep', async t => {
    const { store, pass } = await openSubject(open, t)
    const map = store.map<number>('m')
    await map.set('a', 1)
    assert.equal(await map.ttl('a'), Number.POSITIVE_INFINITY)
    assert.equal(await map.expire('a', '30d'), true)
    assert.ok(isUpTo(await map.ttl('a'), 30 * 86_400_000))
    assert.equal(await map.expire('a', null), true)
    assert.equal(await map.ttl('a'), Number.POSITIVE_INFINITY)
    assert.equal(await map.expire('absent', '1h'), false)
    await map.setMany([['b', 1] as const, ['c', 1] as const, ['d', 1] as const], { ttl: '1h' })
    await map.set('b', 2)
    await map.update('c', () => 2)
    await map.increment('d')
    assert.deepEqual(await map.getMany(['a', 'b', 'c', 'd']), [1, 2, 2, 2])
    assert.equal(await map.ttl('b'), Number.POSITIVE_INFINITY)
    for (const kept of ['c', 'd']) assert.ok(isUpTo(await map.ttl(kept), 3_600_000), kept)
    await map.set('e', 1, { ttl: '60ms' })
    await map.update('e', () => 2, { ttl: '1h' })
    await pass(60)
    assert.equal(await map.get('e'), 2)
  })

  test('a key that has expired is nowhere', async t => {
    const { engine, pass } = await openSubject(open, t)
    await engine.call(['set', 'a', 'x', 'PX', 60])
    await engine.call(['hset', 'h', 'f', 'x'])
    await engine.call(['pexpire', 'h', 60])
    await engine.call(['set', 'b', 'y'])
    await pass(60)
    assert.deepEqual(await engine.call(['mget', 'a', 'b']), [null, Buffer.from('y')])
    assert.equal(await engine.call(['exists', 'a', 'h', 'b']), 1)
    assert.equal(await engine.call(['pttl', 'a']), -2)
    assert.equal(await engine.call(['dbsize']), 1)
    assert.deepEqual(await engine.call(['keys', '*']), [Buffer.from('b')])
    assert.equal(await engine.call(['hget', 'h', 'f']), null)
    assert.equal(await engine.call(['hset', 'h', 'f', 'z']), 1)
    assert.equal(await engine.call(['pttl', 'h']), -1)
  })

  test('a time that is none is refused', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m')
    for (const ttl of [0, -1, '', 'soon', '0ms', Number.NaN, Number.POSITIVE_INFINITY, '40000d']) {
      await assert.rejects(async () => map.set('a', 1, { ttl }), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(async () => map.expire('a', ttl), { code: 'STORE_ARGUMENT_INVALID' })
      assert.throws(() => store.map('n', { ttl }), { code: 'STORE_ARGUMENT_INVALID' })
    }
    assert.equal(await map.size(), 0)
  })
}

/** Whether it is what is left of so many milliseconds that a test was given. */
function isUpTo(left: number | undefined, ms: number): boolean {
  return left !== undefined && left > ms - 120_000 && left <= ms
}
