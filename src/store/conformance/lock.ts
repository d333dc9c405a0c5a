import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { StoreError } from '../store-error.ts'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

const lost = { name: 'StoreError', code: 'STORE_LOCK_LOST' }
// It must not end while a busy machine lets its holder wait: not even the two thirds that are left when a renewal is due.
const leaseMs = 1_800
const lease = `${leaseMs}ms`

/** One holder, whose lease ends unless it is renewed. Who waits is in lock-waiting.ts. */
export function lockConformance(open: OpenEngine): void {
  test('work under a lock is done by one at a time, in all processes, with a growing token', async t => {
    const { store, other } = await openSubject(open, t)
    const locks = [store.lock('l'), other().lock('l'), store.lock('l'), other().lock('l')]
    let running = 0
    const tokens: number[] = []
    const results = await Promise.all(
      locks.map((lock, number) =>
        lock.using({}, async ({ token, isHeld, signal }) => {
          tokens.push(token)
          running++
          assert.equal((await lock.holder())?.token, token)
          assert.deepEqual([isHeld, signal.aborted, running--], [true, false, 1])
          return number
        }),
      ),
    )
    assert.deepEqual(results, [0, 1, 2, 3])
    assert.deepEqual(tokens, sortedOnce(tokens))
    assert.equal(await store.lock('l').holder(), undefined)
  })

  test('a lock is free after the work, whatever that returns or throws', async t => {
    const { store } = await openSubject(open, t)
    const lock = store.lock('l')
    for (const result of [undefined, null, 0, 'text']) assert.equal(await lock.using({}, () => result), result)
    const error = new Error('broken')
    const throwing = [
      () => {
        throw error
      },
      async () => Promise.reject(error),
    ]
    for (const work of throwing) await assert.rejects(lock.using({}, work), error)
    const handle = (await lock.tryAcquire()) ?? assert.fail('it is held')
    assert.equal(await handle.release(), true)
  })

  test('one that is held is not had without waiting, and is given back once', async t => {
    const { store, other } = await openSubject(open, t)
    const lock = store.lock('l')
    const handle = (await lock.tryAcquire()) ?? assert.fail('it is held')
    assert.equal(await lock.tryAcquire(), undefined)
    assert.equal(await other().lock('l').tryAcquire(), undefined)
    assert.equal(handle.isHeld, true)
    assert.deepEqual([await handle.release(), await handle.release(), handle.isHeld], [true, false, false])
    assert.equal(handle.signal.aborted, false)
    {
      await using second = await other().lock('l').acquire({ wait: Number.POSITIVE_INFINITY })
      assert.ok(second.isHeld && second.token > handle.token)
      assert.equal(await handle.release(), false)
      assert.equal((await lock.holder())?.token, second.token)
    }
    assert.equal(await lock.holder(), undefined)
  })

  test('locks of other names, and other structures of its name, are apart', async t => {
    const { store } = await openSubject(open, t)
    await store.map('l').set('a', 1)
    const names = ['l', 'L', 'l:1', '{l}', 'lock:l', 'ä 😀']
    const handles = await Promise.all(names.map(name => store.lock(name).acquire()))
    assert.deepEqual(
      await Promise.all(names.map(name => store.type(`lock:${name}`))),
      names.map(() => 'hash'),
    )
    for (const handle of handles) assert.equal(await handle.release(), true)
    assert.deepEqual([await store.type('lock:l'), await store.map('l').size()], ['none', 1])
  })

  test('everybody can see who holds it, with which token, and until when', async t => {
    const { store, other } = await openSubject(open, t)
    const lock = store.lock('l')
    assert.equal(await lock.holder(), undefined)
    const handle = await lock.acquire({ ttl: '1h' })
    const holder = (await other().lock('l').holder()) ?? assert.fail('nobody')
    assert.deepEqual([holder.holder, holder.token], [handle.holder, handle.token])
    assert.ok(holder.ttl > 3_590_000 && holder.ttl <= 3_600_000, String(holder.ttl))
    assert.match(handle.holder, new RegExp(`:${process.pid}:`))
    assert.ok(Number.isSafeInteger(handle.token) && handle.token > 0)
    await store.expire('lock:l', null)
    assert.equal((await lock.holder())?.ttl, Number.POSITIVE_INFINITY)
    await handle.release()
  })

  test('a token is larger than all before, after a release, an end, a deletion, and when all keys are deleted', async t => {
    const { store, engine, pass } = await openSubject(open, t)
    const tokens: number[] = []
    const take = async () => tokens.push((await store.lock('l').acquire({ ttl: '1h', renew: false })).token)
    await store.lock('l').using({}, ({ token }) => tokens.push(token))
    await take()
    await store.expire('lock:l', '60ms')
    await pass(60)
    await take()
    await store.delete('lock:l')
    await take()
    await engine.call(['flushall'])
    await take()
    assert.deepEqual([tokens, tokens.length], [sortedOnce(tokens), 5])
  })

  test('a lease that is not renewed ends, and its holder is told', async t => {
    const { store } = await openSubject(open, t)
    const handle = await store.lock('l').acquire({ ttl: lease, renew: false })
    if (!handle.signal.aborted) await once(handle.signal, 'abort')
    assert.deepEqual([(handle.signal.reason as StoreError).code, handle.isHeld], ['STORE_LOCK_LOST', false])
  })

  test('when a lease has ended it is the lock of another, which the first cannot give back', async t => {
    const { store, other, pass } = await openSubject(open, t)
    const first = await store.lock('l').acquire({ ttl: lease, renew: false })
    await pass(leaseMs)
    const second = (await other().lock('l').tryAcquire()) ?? assert.fail('it is held')
    assert.ok(second.token > first.token)
    assert.equal(await first.release(), false)
    assert.equal((await store.lock('l').holder())?.token, second.token)
    assert.equal(await second.release(), true)
  })

  test('a lease is renewed as long as the work goes on', async t => {
    const { engine, store } = await openSubject(open, t)
    const renewals = new Heard<unknown>()
    await store.lock('l').using({ ttl: lease }, async ({ token, signal }) => {
      await engine.watch('lock:l', renewals.add)
      // Each third of the lease: it would have ended before the fourth.
      await Promise.race([renewals.count(4), once(signal, 'abort')])
      assert.equal(signal.aborted, false)
      assert.equal((await store.lock('l').holder())?.token, token)
    })
  })

  test('who finds at a renewal that the lock is taken away is told, and so is its work', async t => {
    const { store, other } = await openSubject(open, t)
    let handle: { readonly isHeld: boolean } | undefined
    const work = store.lock('l').using({ ttl: lease }, async held => {
      handle = held
      await store.delete('lock:l')
      const taken = await other().lock('l').acquire()
      if (!held.signal.aborted) await once(held.signal, 'abort')
      assert.equal((await store.lock('l').holder())?.token, taken.token)
      return 'done'
    })
    await assert.rejects(work, lost)
    assert.equal(handle?.isHeld, false)
    assert.notEqual(await store.lock('l').holder(), undefined)
  })

  test('a time that is none is refused, and nothing is taken', async t => {
    const { store } = await openSubject(open, t)
    const lock = store.lock('l')
    const refused = { code: 'STORE_ARGUMENT_INVALID' }
    for (const wrong of [0, -1, '', 'soon', Number.NaN, '40000d']) {
      await assert.rejects(lock.acquire({ ttl: wrong }), refused)
      await assert.rejects(lock.tryAcquire({ ttl: wrong }), refused)
      await assert.rejects(lock.acquire({ wait: wrong }), refused)
      await assert.rejects(
        lock.using({ ttl: wrong }, () => assert.fail('worked')),
        refused,
      )
    }
    await assert.rejects(lock.acquire({ ttl: Number.POSITIVE_INFINITY }), refused)
    assert.equal(await lock.holder(), undefined)
    for (const name of ['', '\ud800', 7 as never]) assert.throws(() => store.lock(name), { code: 'STORE_KEY_INVALID' })
  })

  test('a key that holds something else is refused, and stays as it is', async t => {
    const { store } = await openSubject(open, t)
    const wrongType = { code: 'STORE_WRONG_TYPE' }
    await store.counter('lock:c').increment(7)
    await store.map('lock:m').set('a', 1)
    for (const name of ['c', 'm']) {
      await assert.rejects(store.lock(name).acquire(), wrongType)
      await assert.rejects(store.lock(name).tryAcquire(), wrongType)
      await assert.rejects(store.lock(name).holder(), wrongType)
    }
    assert.deepEqual([await store.counter('lock:c').get(), await store.map('lock:m').get('a')], [7, 1])
  })
}

function sortedOnce(tokens: readonly number[]): number[] {
  return [...new Set(tokens)].toSorted((a, b) => a - b)
}
