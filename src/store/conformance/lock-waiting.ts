import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type OpenEngine, openSubject } from './setup.ts'

/** Those who wait for a lock get it in their order, or not at all. */
export function lockWaitingConformance(open: OpenEngine): void {
  test('those who wait get the lock in their order, in all processes, and nobody comes between', async t => {
    const { store, other } = await openSubject(open, t)
    const first = await store.lock('l').acquire()
    const order: number[] = []
    const waits: Promise<void>[] = []
    const third = other()
    for (const [number, one] of [store, third, store, third, store].entries()) {
      const wait = async () => {
        const handle = await one.lock('l').acquire()
        order.push(number)
        assert.equal(await store.lock('l').tryAcquire(), undefined)
        await handle.release()
      }
      waits.push(wait())
      // It has arrived, before the next one asks.
      await one.command('ping')
    }
    const [isReleased, between] = await Promise.all([first.release(), store.lock('l').tryAcquire()])
    assert.deepEqual([isReleased, between], [true, undefined])
    await Promise.all(waits)
    assert.deepEqual(order, [0, 1, 2, 3, 4])
    assert.equal(await store.lock('l').holder(), undefined)
  })

  test('what was written before the lock was given back is seen by the next, also by peek', async t => {
    const { store, other, engine } = await openSubject(open, t)
    const [map, second] = [store.map<number>('m'), other()]
    const handle = await store.lock('l').acquire()
    const next = second.lock('l').using({}, async () => {
      const seen = engine.canReadNow ? second.map<number>('m').peek('a') : await second.map<number>('m').get('a')
      return [seen, await second.counter('c').get()]
    })
    // Not awaited: they are carried out in their order.
    void map.set('a', 1)
    void store.counter('c').increment(2)
    await handle.release()
    assert.deepEqual(await next, [1, 2])
  })

  test('one that is not free in time is refused, and those behind wait on', async t => {
    const { store, pass } = await openSubject(open, t)
    const handle = await store.lock('l').acquire({ ttl: '1h' })
    const short = store.lock('l').acquire({ wait: '1500ms' })
    const long = store.lock('l').acquire({ wait: '1h' })
    const refused = assert.rejects(short, { name: 'StoreError', code: 'STORE_LOCK_TIMEOUT' })
    await store.command('ping')
    await pass(1_500)
    await refused
    await handle.release()
    await (await long).release()
    assert.equal(await store.lock('l').holder(), undefined)
  })

  test('who waits gets the lock when the lease ends, and the next when that one ends', async t => {
    const { store, other, pass } = await openSubject(open, t)
    // Whoever gets the lock on a busy machine must have the time to ask how long it is his: it ends when that is known.
    const lease = { ttl: '1h', renew: false }
    const first = await store.lock('l').acquire(lease)
    await store.expire('lock:l', '200ms')
    const second = other().lock('l').acquire(lease)
    await store.command('ping')
    await pass(200)
    const { token } = await second
    assert.ok(token > first.token)
    const third = store.lock('l').acquire()
    await store.command('ping')
    await store.expire('lock:l', '200ms')
    await pass(200)
    await using handle = await third
    assert.ok(handle.isHeld && handle.token > token)
  })

  test('who gives up waiting does not get the lock, and those behind do', async t => {
    const { store } = await openSubject(open, t)
    const lock = store.lock('l')
    const handle = await lock.acquire()
    const controller = new AbortController()
    const gone = [1, 2, 3].map(() => lock.acquire({ signal: controller.signal }))
    const next = lock.acquire()
    controller.abort(new Error('enough'))
    for (const one of gone) await assert.rejects(one, /enough/)
    assert.equal((await lock.holder())?.token, handle.token)
    await assert.rejects(lock.acquire({ signal: controller.signal }), /enough/)
    await handle.release()
    await (await next).release()
    assert.equal(await lock.holder(), undefined)
  })

  test('of the lock and the end of the wait that come at once, either counts, and nobody holds it unasked', async t => {
    const { store, other } = await openSubject(open, t)
    const [lock, holding] = [store.lock('l'), other().lock('l')]
    for (let i = 0; i < 30; i++) {
      const handle = await holding.acquire()
      const controller = new AbortController()
      const waiting = lock.acquire({ signal: controller.signal })
      const next = lock.acquire()
      const released = handle.release()
      if (i % 3 > 0) await setImmediate()
      if (i % 3 > 1) await released
      controller.abort(new Error('enough'))
      const [outcome] = await Promise.allSettled([waiting, released])
      if (outcome.status === 'fulfilled') await outcome.value.release()
      else assert.match(String(outcome.reason), /enough/)
      // Would wait for half a minute behind one that nobody holds.
      await (await next).release()
    }
    assert.equal(await lock.holder(), undefined)
  })

  test('one who has held it before waits like the others', async t => {
    const { store } = await openSubject(open, t)
    const lock = store.lock('l')
    const order: string[] = []
    const enter = async (name: string) => {
      const handle = await lock.acquire()
      order.push(name)
      return handle
    }
    const first = await enter('a')
    const [second, third] = [enter('b'), enter('a again')]
    await first.release()
    await (await second).release()
    await (await third).release()
    assert.deepEqual(order, ['a', 'b', 'a again'])
  })
}
