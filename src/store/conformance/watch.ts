import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '../engines/engine.ts'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

async function watched(engine: Engine, key: string) {
  const heard = new Heard<string | undefined>()
  const stop = await engine.watch(key, field => heard.add(field?.toString()))
  return { heard, stop }
}

/** `engine.watch`: told of each change of a key, after it is made. */
export function watchConformance(open: OpenEngine): void {
  test('a change of an entry tells which', async t => {
    const { engine, store } = await openSubject(open, t)
    const { heard } = await watched(engine, 'm')
    const map = store.map<number>('m')
    await map.set('a', 1)
    await map.set('ä', 1, { ttl: '1h' })
    await map.increment('a')
    await map.expire('a', '1h')
    await map.delete('a')
    assert.deepEqual(await heard.count(5), ['a', 'ä', 'a', 'a', 'a'])
  })

  test('when it is told, the change can be read', async t => {
    const { engine, store } = await openSubject(open, t)
    const map = store.map<number>('m')
    const read = new Heard<number | undefined>()
    await engine.watch('m', () => void map.get('a').then(read.add))
    await map.set('a', 1)
    assert.deepEqual(await read.count(1), [1])
  })

  test('a change of the whole key tells so', async t => {
    const { engine, store } = await openSubject(open, t)
    await store.map('m').set('a', 1)
    await store.counter('c').increment()
    const [map, counter] = [await watched(engine, 'm'), await watched(engine, 'c')]
    await store.map('m').clear()
    await store.counter('c').increment()
    assert.deepEqual(await map.heard.count(1), [undefined])
    assert.deepEqual(await counter.heard.count(1), [undefined])
    await store.map('m').set('a', 1)
    await engine.call(['flushall'])
    assert.deepEqual(await map.heard.count(3), [undefined, 'a', undefined])
  })

  test('what changes nothing, or something else, or was undone, is not told', async t => {
    const { engine, store } = await openSubject(open, t)
    const map = store.map<number>('m')
    await map.set('a', 1)
    const { heard } = await watched(engine, 'm')
    await store.map('n').set('a', 1)
    await map.get('a')
    await map.delete('absent')
    await map.set('a', 2, { ifAbsent: true })
    await assert.rejects(
      engine.transaction(
        [],
        [
          ['hset', 'm', 'b', '1'],
          ['get', 'm'],
        ],
      ),
    )
    await map.set('last', 1)
    assert.deepEqual(await heard.count(1), ['last'])
  })

  test('what expires is told, in time', async t => {
    const { engine, store, pass } = await openSubject(open, t)
    const { heard } = await watched(engine, 'm')
    await store.map('m').setMany(new Map([['keeps', 1] as const]))
    await store.map('m').set('ends', 1, { ttl: '60ms' })
    await pass(60)
    assert.deepEqual(await heard.count(3), ['keeps', 'ends', 'ends'])
  })

  test('nothing is told after the end, and others go on', async t => {
    const { engine, store } = await openSubject(open, t)
    const [one, two] = [await watched(engine, 'm'), await watched(engine, 'm')]
    one.stop()
    await store.map('m').set('a', 1)
    assert.deepEqual(await two.heard.count(1), ['a'])
    assert.deepEqual(one.heard.items, [])
  })
}
