import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type Answer, counting, startCache, statusOf } from '../../../test/support/cache-server.ts'
import { until } from '../../../test/support/until.ts'
import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import { createTestStore } from '../../store/test-store.ts'
import { News } from './news.ts'
import { Reachability } from './reachability.ts'

/** Two workers, each with an application of its own. */
async function startTwo(t: TestContext, answer: Answer, rule = {}) {
  const { store } = createTestStore({ now: Date.parse('2026-01-01T00:00:00Z') })
  const [a, b] = [await startCache(t, rule, answer, store), await startCache(t, rule, answer, store)]
  t.after(() => store.close())
  return { store, a, b, calls: () => a.calls.length + b.calls.length }
}

/** A store with some methods of the test's. */
function changedStore(store: Store, methods: object): Store {
  return new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(methods, name)
      if (own !== undefined) return own
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test('what one worker has fetched, another serves', async t => {
  const { a, b, calls } = await startTwo(t, counting({ ETag: '"1"' }))
  const first = await a.get('/')
  const hit = await until('the store has it', async () => {
    const response = await b.get('/')
    return /hit/.test(statusOf(response) ?? '') && response
  })
  assert.equal(String(hit.body), String(first.body))
  assert.equal(hit.headers.get('etag'), '"1"')
  assert.equal(calls(), 1)
})

test('a cold key is fetched once by all workers, also when its answers vary', async t => {
  const held: ServerResponse[] = []
  const { a, b, calls } = await startTwo(t, (_req, res) => void held.push(res.setHeader('Vary', 'Accept')))
  const asked = [a, b, a, b].map(({ get }) => get('/'))
  await until('it is asked for', () => held.length > 0)
  held[0]?.end('once')
  assert.deepEqual(
    (await Promise.all(asked)).map(({ body }) => String(body)),
    ['once', 'once', 'once', 'once'],
  )
  assert.equal(calls(), 1)
})

/** A store that tells of every lock that is not free, and so is waited for. */
function watchWaits(store: Store, onWait: () => void): Store {
  const lock = (name: string) => {
    const own = store.lock(name)
    const acquire: typeof own.acquire = options => {
      onWait()
      return own.acquire(options)
    }
    return { acquire, tryAcquire: (options: object) => own.tryAcquire(options) }
  }
  return changedStore(store, { lock })
}

test('a variant is fetched once by all workers, also by one that did not know yet that answers vary', async t => {
  const { store } = createTestStore({ now: Date.parse('2026-01-01T00:00:00Z') })
  t.after(() => store.close())
  const waits = Promise.withResolvers<void>()
  const held = Promise.withResolvers<ServerResponse>()
  const languageOf = (req: IncomingMessage) => `in ${req.headers['accept-language']}`
  const vary: Answer = (req, res) => void res.setHeader('Vary', 'Accept-Language').end(languageOf(req))
  const a = await startCache(t, {}, vary, watchWaits(store, waits.resolve))
  const b = await startCache(t, {}, (_req, res) => held.resolve(res.setHeader('Vary', 'Accept-Language')), store)
  const [de, fr] = [{ 'Accept-Language': 'de' }, { 'Accept-Language': 'fr' }]
  assert.equal(String((await a.get('/', de)).body), 'in de')
  const first = b.get('/', fr)
  const res = await held.promise
  const second = a.get('/', fr)
  await Promise.race([second, waits.promise])
  res.end('in fr')
  assert.deepEqual(
    (await Promise.all([first, second])).map(({ body }) => String(body)),
    ['in fr', 'in fr'],
  )
  assert.equal(a.calls.length + b.calls.length, 2)
})

test('who waited for another variant of a cold key fetches his own once', async t => {
  const held: ServerResponse[] = []
  const { a, b, calls } = await startTwo(t, (req, res) => {
    res.setHeader('Vary', 'Accept-Language')
    if (req.headers['accept-language'] === 'de') held.push(res)
    else res.end('in fr')
  })
  const ask = (language: string) => [a, b].map(({ get }) => get('/', { 'Accept-Language': language }))
  const german = ask('de')
  await until('it is asked for', () => held.length > 0)
  const french = ask('fr')
  held[0]?.end('in de')
  const bodies = (await Promise.all([...german, ...french])).map(({ body }) => String(body))
  assert.deepEqual(bodies, ['in de', 'in de', 'in fr', 'in fr'])
  assert.equal(calls(), 2)
})

test('a change through one worker counts in the other', async t => {
  const { a, b } = await startTwo(t, counting())
  const before = String((await a.get('/')).body)
  await until('the other has it', async () => String((await b.get('/')).body) === before)
  await a.get('/', {}, 'POST')
  // What was asked for in the same millisecond may be from before.
  for (const { move } of [a, b]) move(1)
  const after = await until('the other asks again', async () => {
    const body = String((await b.get('/')).body)
    return body !== before && body
  })
  assert.equal(String((await a.get('/')).body), after)
})

test('a change of which the store could not be told is told when it is back', async t => {
  const { store } = createTestStore({ now: Date.parse('2026-01-01T00:00:00Z') })
  t.after(() => store.close())
  let isAway = false
  const topic = (name: string) => {
    const own = store.topic(name)
    const publish = (message: unknown) => (isAway ? Promise.reject(new Error('away')) : own.publish(message))
    return { publish, subscribe: (options: object) => own.subscribe(options) }
  }
  const breakable = changedStore(store, { topic })
  const answer = counting()
  const [a, b] = [await startCache(t, {}, answer, breakable), await startCache(t, {}, answer, store)]
  const before = String((await a.get('/')).body)
  await until('the other has it', async () => String((await b.get('/')).body) === before)
  isAway = true
  await a.get('/', {}, 'POST')
  assert.equal(String((await b.get('/')).body), before)
  isAway = false
  a.move(2_000)
  b.move(1)
  await a.get('/another')
  await until('the other has heard of it', async () => String((await b.get('/')).body) !== before)
})

test('who could not listen leaves no subscription behind when it tries again', async t => {
  const { store } = createTestStore()
  t.after(() => store.close())
  const open = new Set<AbortSignal>()
  const listened = Promise.withResolvers<void>()
  let rounds = 0
  const watch = (key: string, options: { signal: AbortSignal }) => {
    const signals = [...open]
    assert.ok(signals.every(({ aborted }) => aborted))
    open.add(options.signal)
    // One of the two cannot be had, and the other is there already.
    if (++rounds === 1) return { ready: Promise.reject(new Error('away')) }
    listened.resolve()
    return store.watch(key, options)
  }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const reachability = new Reachability({ log: { info() {}, warn() {} } as unknown as Log, now: () => 0 })
  const handlers = { onPurge() {}, onChanged() {}, onGap() {}, forget: async () => {} }
  const news = new News(
    changedStore(store, { watch }),
    { name: 'edge-cache:web', lifetimeMs: 1_000, ...handlers },
    reachability,
  )
  t.after(() => news.close())
  await news.listen()
  assert.equal(reachability.isReady, false)
  await new Promise(resolve => setImmediate(resolve))
  t.mock.timers.tick(2_000)
  await listened.promise
  assert.equal(rounds, 2)
  assert.deepEqual(
    [...open].map(({ aborted }) => aborted),
    [true, false],
  )
})

test('without the store each worker goes on alone', async t => {
  const { store, a, b } = await startTwo(t, counting())
  const kept = String((await a.get('/')).body)
  await store.close()
  assert.equal(String((await a.get('/')).body), kept)
  for (const { get } of [a, b]) {
    const bodies = (await Promise.all(Array.from({ length: 10 }, () => get('/new')))).map(({ body }) => String(body))
    assert.equal(new Set(bodies).size, 1, bodies.join())
  }
})
