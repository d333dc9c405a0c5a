import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ok, Status } from '../resp/reply.ts'
import { type OpenEngine, openSubject } from './setup.ts'

const textOf = (reply: unknown) => (reply as readonly Buffer[]).map(String)

/** Commands about keys, whatever they hold. */
export function keyConformance(open: OpenEngine): void {
  test('set has the conditions and answers of Redis', async t => {
    const { engine } = await openSubject(open, t)
    assert.deepEqual(await engine.call(['set', 'a', '1', 'XX']), null)
    assert.deepEqual(await engine.call(['set', 'a', '1', 'NX']), ok)
    assert.deepEqual(await engine.call(['set', 'a', '2', 'NX']), null)
    assert.deepEqual(await engine.call(['set', 'a', '3', 'GET']), Buffer.from('1'))
    assert.deepEqual(await engine.call(['getdel', 'a']), Buffer.from('3'))
    assert.equal(await engine.call(['get', 'a']), null)
  })

  test('a key is found, typed, renamed and deleted', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['set', 'a', 'x'])
    await engine.call(['hset', '{a}h', 'f', 'y'])
    assert.equal(await engine.call(['exists', 'a', '{a}h', 'absent', 'a']), 3)
    assert.deepEqual(await engine.call(['type', '{a}h']), new Status('hash'))
    assert.deepEqual(await engine.call(['type', 'absent']), new Status('none'))
    assert.deepEqual(await engine.call(['rename', '{a}h', 'a']), ok)
    assert.deepEqual(await engine.call(['hget', 'a', 'f']), Buffer.from('y'))
    assert.equal(await engine.call(['dbsize']), 1)
    await assert.rejects(engine.call(['rename', '{b}absent', 'b']), { code: 'STORE_COMMAND' })
    assert.equal(await engine.call(['del', 'a', 'absent']), 1)
    assert.equal(await engine.call(['hlen', 'a']), 0)
  })

  test('a deleted key comes back empty', async t => {
    const { engine } = await openSubject(open, t)
    const fields = Array.from({ length: 500 }, (_, i) => [`f${i}`, 'x']).flat()
    await engine.call(['hset', 'h', ...fields])
    await engine.call(['del', 'h'])
    await engine.call(['hset', 'h', 'f', 'new'])
    assert.equal(await engine.call(['hlen', 'h']), 1)
    assert.deepEqual(textOf(await engine.call(['hkeys', 'h'])), ['f'])
  })

  test('a key without a last element is none', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['hset', 'h', 'f', 'x'])
    await engine.call(['hdel', 'h', 'f'])
    assert.equal(await engine.call(['exists', 'h']), 0)
    assert.deepEqual(await engine.call(['set', 'h', 'x', 'NX']), ok)
  })

  test('times to live are set on conditions, told and taken away', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['set', 'a', 'x'])
    assert.equal(await engine.call(['pttl', 'a']), -1)
    assert.equal(await engine.call(['expire', 'a', 100, 'XX']), 0)
    assert.equal(await engine.call(['expire', 'a', 100, 'NX']), 1)
    assert.equal(await engine.call(['expire', 'a', 50, 'GT']), 0)
    assert.equal(await engine.call(['expire', 'a', 50, 'LT']), 1)
    const left = (await engine.call(['pttl', 'a'])) as number
    assert.ok(left > 0 && left <= 50_000)
    await engine.call(['set', 'a', 'y', 'KEEPTTL'])
    assert.ok(((await engine.call(['pttl', 'a'])) as number) > 0)
    assert.equal(await engine.call(['persist', 'a']), 1)
    assert.equal(await engine.call(['persist', 'a']), 0)
    assert.equal(await engine.call(['pexpire', 'a', -1]), 1)
    assert.equal(await engine.call(['exists', 'a']), 0)
  })

  test('keys are listed by a pattern, all or page by page', async t => {
    const { engine } = await openSubject(open, t)
    const names = Array.from({ length: 30 }, (_, i) => `user:${i}`)
    await Promise.all([...names, 'other', 'user', 'user*'].map(name => engine.call(['set', name, 'x'])))
    const sorted = names.toSorted()
    assert.deepEqual(textOf(await engine.call(['keys', 'user:*'])).toSorted(), sorted)
    assert.deepEqual(textOf(await engine.call(['keys', 'user:[12]'])).toSorted(), ['user:1', 'user:2'])
    assert.deepEqual(textOf(await engine.call(['keys', 'user\\*'])), ['user*'])
    const paged: string[] = []
    for (let after = '-', page = ['']; page.length > 0; after = `=${paged.at(-1)}`) {
      page = textOf(await engine.call(['saola.keys.page', after, 'user:*', 7]))
      paged.push(...page)
    }
    assert.deepEqual(paged, sorted)
  })

  test('flushall deletes every key', async t => {
    const { engine, store } = await openSubject(open, t)
    await store.map('m').set('a', 1)
    await store.counter('c').increment()
    await engine.call(['flushall'])
    assert.equal(await engine.call(['dbsize']), 0)
    assert.equal(await store.map('m').size(), 0)
    await store.map('m').set('b', 1)
    assert.equal(await store.map('m').size(), 1)
  })

  test('the keys of a store are listed by pattern, looked at, ended and deleted', async t => {
    const { store, pid } = await openSubject(open, t)
    const stock = store.map<number>('stock')
    await stock.set('tea', 1)
    await store.counter('a:1').increment()
    await store.counter('a:2').increment()
    assert.deepEqual(await Array.fromAsync(store.keys()), ['a:1', 'a:2', 'stock'])
    assert.deepEqual(await Array.fromAsync(store.keys('a:*')), ['a:1', 'a:2'])
    assert.deepEqual(
      [await store.type('stock'), await store.type('a:1'), await store.type('x')],
      ['hash', 'string', 'none'],
    )
    assert.equal(await store.ttl('stock'), Number.POSITIVE_INFINITY)
    assert.equal(await store.expire('stock', '1h'), true)
    assert.ok(((await store.ttl('stock')) ?? 0) > 3_590_000)
    assert.deepEqual([await store.expire('stock', null), await store.expire('stock', null)], [true, true])
    assert.equal(await store.expire('x', null), false)
    assert.equal(await store.delete('stock', 'a:1', 'x'), 2)
    assert.equal(await store.ttl('stock'), undefined)
    assert.deepEqual([(await store.info()).keys, (await store.info()).pid], [1, pid])
  })
}
