import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryEngine } from '../store/engines/memory.ts'
import { Store } from '../store/store.ts'
import { compareStores } from './store-compare.ts'
import { piecesOf, writePieces } from './store-contents.ts'
import { Differences } from './store-differences.ts'

test('a field that is written long after it was read ends no later for that, and is the same', async t => {
  const [source, target] = [new Store(new MemoryEngine()), new Store(new MemoryEngine())]
  await source.map('m').set('soon', 1, { ttl: '5s' })
  await source.map('m').set('later', 2, { ttl: '1h' })
  await source.map('m').set('lasts', 3)
  const key = Buffer.from('m')
  const pieces = await Array.fromAsync(piecesOf(source, key, 'hash'))

  // Ten seconds on a busy machine.
  const now = performance.now.bind(performance)
  const slow = t.mock.method(performance, 'now', () => now() + 10_000)
  await writePieces(target, key, 'hash', pieces)
  slow.mock.restore()
  const left = (await target.map('m').ttl('later')) ?? 0
  assert.ok(left <= 3_590_000 && left > 3_500_000, String(left))
  assert.deepEqual(await Array.fromAsync(target.map('m').entries()), [
    ['lasts', 3],
    ['later', 2],
  ])
})

test('how much later something may end is told by whoever has written it', async t => {
  const [source, target] = [new Store(new MemoryEngine()), new Store(new MemoryEngine())]
  await source.map('m').set('field', 1, { ttl: '1h' })
  const key = Buffer.from('m')
  const pieces = await Array.fromAsync(piecesOf(source, key, 'hash'))
  const now = performance.now.bind(performance)
  const slow = new Proxy(target, {
    get: (store, name) =>
      name === 'command'
        ? (...words: Parameters<Store['command']>) => {
            // Until the other side has it.
            t.mock.method(performance, 'now', () => now() + 20_000)
            return store.command(...words)
          }
        : Reflect.get(store, name),
  })
  const offMs = await writePieces(slow, key, 'hash', pieces)
  assert.ok(offMs >= 20_000, String(offMs))
  t.mock.restoreAll()
  await target.map('m').set('field', 1, { ttl: '3620s' })
  const [strict, knowing] = [new Differences(), new Differences()]
  await compareStores(source, target, strict)
  assert.deepEqual(strict.lines, ['m: another time to live at field'])
  await compareStores(source, target, knowing, { offMs })
  assert.deepEqual(knowing.lines, [])
})

test('fields that were read at other times are compared by when they end', async t => {
  const [source, target] = [new Store(new MemoryEngine()), new Store(new MemoryEngine())]
  await source.map('m').set('field', 1, { ttl: '1h' })
  await target.map('m').set('field', 1, { ttl: '59m' })
  const differences = new Differences()
  await compareStores(source, target, differences)
  assert.deepEqual(differences.lines, ['m: another time to live at field'])

  // The second is read a minute after the first.
  const now = performance.now.bind(performance)
  const late = new Proxy(target, {
    get: (store, name) =>
      name === 'command'
        ? async (...words: Parameters<Store['command']>) => {
            if (words[0] === 'saola.map.ttl') {
              await new Promise(setImmediate)
              t.mock.method(performance, 'now', () => now() + 60_000)
            }
            return store.command(...words)
          }
        : Reflect.get(store, name),
  })
  const again = new Differences()
  await compareStores(source, late, again)
  assert.deepEqual(again.lines, [])
})
