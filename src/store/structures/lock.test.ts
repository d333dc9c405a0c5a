import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Call, CallOptions, Engine } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'
import { Store } from '../store.ts'
import { StoreError } from '../store-error.ts'
import { Lock } from './lock.ts'

function open() {
  const engine = new MemoryEngine()
  const store = new Store(engine)
  return { engine, store, lock: store.lock('report') }
}

/** An engine whose renewals fail as long as `isBroken`. */
function breakable(engine: MemoryEngine) {
  const renewals: string[] = []
  const state = { isBroken: true, renewals }
  const broken = new Proxy(engine, {
    get(target, name) {
      if (name === 'call') {
        return async (call: Call, options?: CallOptions): Promise<Reply> => {
          if (call[0] === 'saola.lock.renew') renewals.push(call[0])
          if (call[0] === 'saola.lock.renew' && state.isBroken) throw new StoreError('STORE_UNAVAILABLE', 'away')
          return target.call(call, options)
        }
      }
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as Engine
  return { broken, state }
}

test('work under a lock is done by one at a time, with a growing token', async () => {
  const { lock } = open()
  let running = 0
  const tokens: number[] = []
  const results = await Promise.all(
    [1, 2, 3].map(number =>
      lock.using({}, async ({ token }) => {
        tokens.push(token)
        running++
        await lock.holder()
        assert.equal(running--, 1)
        return number
      }),
    ),
  )
  assert.deepEqual(results, [1, 2, 3])
  assert.deepEqual(
    tokens,
    [...new Set(tokens)].sort((a, b) => a - b),
  )
  assert.equal(await lock.holder(), undefined)
})

test('a lock is free again after the work has thrown', async () => {
  const { lock } = open()
  await assert.rejects(
    lock.using({}, () => {
      throw new Error('broken')
    }),
    /broken/,
  )
  assert.ok(await lock.tryAcquire())
})

test('a lock that is not free in time is refused; without waiting there is none', async () => {
  const { lock } = open()
  const handle = await lock.acquire()
  assert.equal(await lock.tryAcquire(), undefined)
  await assert.rejects(lock.acquire({ wait: '5ms' }), { code: 'STORE_LOCK_TIMEOUT' })
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
  assert.equal((await lock.holder())?.token, handle.token)
  assert.deepEqual([await handle.release(), await handle.release(), handle.isHeld], [true, false, false])
  await using second = await lock.acquire({ ttl: '1h', wait: Number.POSITIVE_INFINITY })
  assert.ok(second.isHeld && second.token > handle.token)
})

test('who stops waiting does not get the lock', async () => {
  const { lock } = open()
  const handle = await lock.acquire()
  const controller = new AbortController()
  const waiting = lock.acquire({ signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  await handle.release()
  assert.equal(await lock.holder(), undefined)
})

test('a lease is renewed as long as the work goes on', async () => {
  const { engine, lock } = open()
  const { promise, resolve } = Promise.withResolvers<void>()
  let renewals = 0
  const unwatch = await engine.watch('lock:report', () => ++renewals === 12 && resolve())
  await lock.using({ ttl: '30ms' }, async ({ token, signal }) => {
    await promise
    assert.equal(signal.aborted, false)
    assert.equal((await lock.holder())?.token, token)
  })
  unwatch()
})

test('a lease that is not renewed ends, and says so', async () => {
  const { lock } = open()
  const handle = await lock.acquire({ ttl: '10ms', renew: false })
  await once(handle.signal, 'abort')
  assert.equal((handle.signal.reason as StoreError).code, 'STORE_LOCK_LOST')
  assert.equal(handle.isHeld, false)
})

test('who could not renew the lease in time has lost the lock, and not before', async () => {
  const { engine } = open()
  const { broken, state } = breakable(engine)
  const handle = await new Lock(broken, 'report').acquire({ ttl: '60ms' })
  await once(handle.signal, 'abort')
  assert.ok(state.renewals.length > 1, 'tried again')
})

test('work that went on without its lock is told so', async () => {
  const { engine, lock } = open()
  const work = lock.using({ ttl: '30ms' }, async ({ signal }) => {
    await engine.call(['del', 'lock:report'])
    await once(signal, 'abort')
    return 'done'
  })
  await assert.rejects(work, { code: 'STORE_LOCK_LOST' })
})

test('a lock that was waited for longer than its lease is held for a whole lease', async () => {
  const { engine } = open()
  const first = await new Lock(engine, 'report').acquire()
  const { broken, state } = breakable(engine)
  state.isBroken = false
  const waiting = new Lock(broken, 'report').acquire({ ttl: '20ms' })
  const over = await new Lock(engine, 'other').acquire({ ttl: '40ms', renew: false })
  await once(over.signal, 'abort')
  await first.release()
  const handle = await waiting
  assert.ok(handle.isHeld)
  assert.ok(state.renewals.length > 0)
  await handle.release()
})
