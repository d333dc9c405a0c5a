import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../store.ts'
import type { ValueOptions } from '../structures/structure.ts'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

type Options = ValueOptions<unknown>
type Codec = 'json' | 'bytes' | 'structured'
type Way = (store: Store, value: unknown, options: Options) => Promise<unknown>

/** Each way in which a value gets into the store and out again. */
const ways: Readonly<Record<string, Way>> = {
  'a map': async (store, value, options) => {
    await store.map('map', options).set('k', value)
    return store.map('map', options).get('k')
  },
  'setMany of a map': async (store, value, options) => {
    await store.map('map', options).setMany([['k', value] as const])
    return (await store.map('map', options).getMany(['k']))[0]
  },
  'an update of a map': async (store, value, options) => {
    const map = store.map('map', options)
    await map.delete('k')
    await map.update('k', () => value)
    // That is the way to delete it.
    if (value === undefined) await map.set('k', value)
    return (await listOf(map.values()))[0]
  },
  'getOrSet of a map': async (store, value, options) => {
    const map = store.map('map', options)
    await map.delete('k')
    await map.getOrSet('k', () => value)
    return map.take('k')
  },
  'a list': async (store, value, options) => {
    const list = store.list('list', options)
    await list.clear()
    await list.push(value)
    return list.at(0)
  },
  'set and slice of a list': async (store, value, options) => {
    const list = store.list('list', options)
    await list.clear()
    await list.splice(0, 0, value, value)
    await list.set(0, value)
    return (await list.slice())[0]
  },
  'a queue': async (store, value, options) => {
    const list = store.list('list', options)
    await list.clear()
    const taken = list.take()
    // What is refused must not leave a taker behind.
    await list.unshift(value).catch(async error => {
      await list.push(filling(options))
      await taken
      throw error
    })
    return taken
  },
  'a set': async (store, value, options) => {
    const set = store.set('set', options)
    await set.clear()
    await set.add(value)
    assert.equal(await set.has(value), true)
    return (await listOf(set))[0]
  },
  'pop of a set': async (store, value, options) => {
    const set = store.set('set', options)
    await set.clear()
    await set.addMany([value])
    return set.pop()
  },
  'a cache': async (store, value, options) => {
    await store.cache('cache', options).set('k', value)
    return store.cache('cache', options).get('k')
  },
  'getOrSet of a cache': async (store, value, options) => {
    const cache = store.cache('cache', options)
    await cache.delete('k')
    await cache.getOrSet('k', () => value)
    return cache.get('k')
  },
  'a topic': async (store, value, options) => {
    await using heard = store.topic('topic', options).subscribe()
    await heard.ready
    await store.topic('topic', options).publish(value)
    return (await heard.next()).value
  },
  'a transaction': async (store, value, options) => {
    await store.transaction(tx => {
      tx.map('{tx}map', options).set('k', value)
    })
    await store.transaction(tx => {
      tx.list('{tx}list', options).push(value)
      tx.set('{tx}set', options).add(value)
    })
    return store.map('{tx}map', options).take('k')
  },
}

const everywhere: readonly unknown[] = [
  ...[0, -0, 1e21, -1.5, 5e-324, Number.MAX_SAFE_INTEGER, '', 'wörld 😀', '\0', '\ud800', 'undefined'],
  ...[false, true, null, [], {}, [null, []], { '': { a: [0, -0, false] } }],
]
const onlyStructured: readonly unknown[] = [
  ...[new Date(0), new Date(Number.NaN), new Map([['a', new Set([1])]]), 2n ** 70n, Number.NaN, -Infinity, /a/g],
  ...[
    { a: undefined },
    [undefined],
    { a: [{ b: undefined }] },
    Float64Array.of(0.1),
    new RangeError('no'),
    cycleOf('a'),
  ],
  ...[Buffer.from([0, 255]), new Uint8Array(3)],
]
const nowhere: readonly unknown[] = [undefined, () => 0, Symbol('a'), new (class Own {})(), { a: () => 0 }]
const bytes = [Buffer.alloc(0), Buffer.from('null'), Buffer.from(Array.from({ length: 256 }, (_, i) => i))]

/** What goes in comes back, or is refused: as docs/store.md has it, in each structure and codec. */
export function valueInStructureConformance(open: OpenEngine): void {
  for (const [name, way] of Object.entries(ways)) {
    test(`through ${name}, each codec gives back what it can hold, and refuses the rest`, async t => {
      const { engine, store } = await openSubject(open, t)
      await jsonPasses(way, store)
      await engine.call(['flushall'])
      await structuredPasses(way, store)
      await engine.call(['flushall'])
      await bytesPass(way, store)
    })
  }

  test('what is there is never undefined, and what is absent always', async t => {
    const { store, engine } = await openSubject(open, t)
    for (const value of everywhere) {
      await store.map('m').set('k', value)
      await store.list('l').push(value)
      await store.cache('c').set('k', value)
      assert.deepEqual([await store.map('m').has('k'), await store.list('l').includes(value)], [true, true])
      if (engine.canReadNow) {
        same(store.map('m').peek('k'), value)
        same(store.list('l').peekAt(-1), value)
        same(store.cache('c').peek('k'), value)
      }
    }
    const absent = [
      store.map('m').get('absent'),
      store.map('absent').take('k'),
      store.list('absent').at(0),
      store.list('absent').pop(),
      store.set('absent').pop(),
      store.cache('c').get('absent'),
      store.sortedSet('absent').score('k'),
      store.lock('absent').holder(),
    ]
    for (const value of await Promise.all(absent)) assert.equal(value, undefined)
  })

  test('bytes of another codec are said to be unreadable, and stay', async t => {
    const { store } = await openSubject(open, t)
    const unreadable = { code: 'STORE_VALUE_UNREADABLE' }
    const wrong = Buffer.from('{no json')
    const options = { codec: 'bytes' } as const
    await store.map<Uint8Array>('m', options).set('k', wrong)
    await store.list<Uint8Array>('l', options).push(wrong)
    await store.set<Uint8Array>('s', options).add(wrong)
    await store.cache<Uint8Array>('c', options).set('k', wrong)
    for (const codec of ['json', 'structured'] satisfies Codec[]) {
      await assert.rejects(store.map('m', { codec }).get('k'), unreadable)
      await assert.rejects(listOf(store.map('m', { codec })), unreadable)
      await assert.rejects(store.list('l', { codec }).at(0), unreadable)
      await assert.rejects(store.list('l', { codec }).slice(), unreadable)
      await assert.rejects(listOf(store.set('s', { codec })), unreadable)
      await assert.rejects(store.cache('c', { codec }).get('k'), unreadable)
    }
    assert.deepEqual(await store.list('l', options).at(0), wrong)
  })

  test('a schema checks what is written to each structure, now or later, and may change it', async t => {
    const { store } = await openSubject(open, t)
    const validate = (value: unknown) =>
      typeof value === 'number' ? { value: Math.round(value) } : { issues: [{ message: 'no number' }] }
    const now = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const later = { '~standard': { ...now['~standard'], validate: async (value: unknown) => validate(value) } }
    for (const schema of [now, later]) {
      for (const [name, way] of Object.entries(ways)) {
        assert.equal(await way(store, 1.4, { schema } as Options), 1, name)
        await refused(way(store, 'text', { schema } as Options))
      }
    }
  })
}

/** What went in comes back, and the rest is refused. */
async function jsonPasses(way: Way, store: Store): Promise<void> {
  for (const value of everywhere) same(await way(store, value, {}), value)
  for (const value of [...onlyStructured, ...nowhere]) await refused(way(store, value, {}))
  await assert.rejects(way(store, { at: [{ born: new Date() }] }, {}), /at\[0\]\.born: a Date/)
  same(await way(store, 'afterwards', {}), 'afterwards')
}

/** Dates, cycles and nested undefined come back, too. */
async function structuredPasses(way: Way, store: Store): Promise<void> {
  const options = { codec: 'structured' } as const
  for (const value of [...everywhere, ...onlyStructured]) same(await way(store, value, options), value)
  for (const value of nowhere) await refused(way(store, value, options))
}

/** Bytes come back as a Buffer of their own, and all else is refused. */
async function bytesPass(way: Way, store: Store): Promise<void> {
  const options = { codec: 'bytes' } as const
  for (const value of bytes) {
    for (const given of [value, new Uint8Array(value), new Uint8Array(value).buffer]) {
      const found = await way(store, given, options)
      assert.ok(Buffer.isBuffer(found) && found !== given)
      assert.deepEqual(found, value)
    }
  }
  for (const value of [...everywhere, new Date(), ...nowhere]) await refused(way(store, value, options))
}

function cycleOf(name: string): object {
  const cycle: Record<string, unknown> = { name }
  cycle.self = cycle
  return cycle
}

/** What a taker may still get when a value is refused. */
function filling({ codec, schema }: Options): unknown {
  return codec === 'bytes' ? Buffer.from('filling') : schema ? 0 : 'filling'
}

function same(found: unknown, value: unknown): void {
  assert.deepEqual(found, value)
  // No copy of an object is the object.
  assert.equal(Object.is(found, value), typeof value !== 'object' || value === null)
}

async function refused(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, { name: 'StoreError', code: 'STORE_VALUE_INVALID' })
}
