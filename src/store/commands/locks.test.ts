import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { schema } from '../database/schema.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { type Client, newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'

function open() {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  const acquire = (holder: string, { ttlMs = 1000, waitMs = -1 } = {}) =>
    engine.call(['saola.lock.acquire', 'l', holder, ttlMs, waitMs, holder])
  const release = (holder: string) => engine.call(['saola.lock.release', 'l', holder])
  const pass = (ms: number) => engine.moveClock(() => (clock.now += ms))
  return { engine, acquire, release, pass }
}

test('a lock has one holder, who gets the same token when it asks again', async () => {
  const { engine, acquire, release } = open()
  const token = await acquire('a')
  assert.equal(await acquire('b'), null)
  assert.equal(await acquire('a'), token)
  assert.equal(await release('b'), 0)
  assert.equal(await release('a'), 1)
  assert.equal(await release('a'), 0)
  assert.equal(await engine.call(['exists', 'l']), 0)
})

test('a token is larger than all before, after a release, an end, a deletion, and when all keys are deleted', async () => {
  const { engine, acquire, release, pass } = open()
  const tokens = [await acquire('a')]
  await release('a')
  tokens.push(await acquire('a', { ttlMs: 10 }))
  pass(10)
  tokens.push(await acquire('b'))
  await engine.call(['del', 'l'])
  tokens.push(await acquire('c'))
  await engine.call(['flushall'])
  tokens.push(await acquire('d'))
  const sorted = [...new Set(tokens as number[])].sort((a, b) => a - b)
  assert.deepEqual(tokens, sorted)
  assert.ok((tokens[0] as number) >= 1_000_000, 'no less than the clock, for when a snapshot is restored')
})

test('a lease ends unless it is renewed, by its holder only', async () => {
  const { engine, acquire, pass } = open()
  const renew = (holder: string) => engine.call(['saola.lock.renew', 'l', holder, 1000])
  const token = await acquire('a')
  pass(999)
  assert.equal(await renew('b'), 0)
  assert.equal(await renew('a'), 1)
  pass(999)
  assert.deepEqual(await engine.call(['saola.lock.holder', 'l']), [Buffer.from('a'), token, 1])
  pass(1)
  assert.equal(await renew('a'), 0)
  assert.equal(await engine.call(['saola.lock.holder', 'l']), null)
})

test('who is gone when its turn comes does not get the lock, and those behind do', { timeout: 60_000 }, async () => {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const owner = new Owner({ database, limits: { valueBytesMax: 1000, keysMax: 1000 } })
  const clientOf = (id: number): Client => newClient({ id, push: () => {}, protocol: 3 })
  const submit = (client: Client, ...call: string[]) => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    owner.submit({ client, parts: call.map(part => Buffer.from(part)), answer: resolve })
    return promise
  }
  const acquire = (client: Client, holder: string) =>
    submit(client, 'saola.lock.acquire', 'l', holder, '60000', '0', holder)
  const [first, gone, next] = [clientOf(1), clientOf(2), clientOf(3)]
  await acquire(first, 'a')
  acquire(gone, 'b')
  const waiting = acquire(next, 'c')
  // Answered before those who wait are woken by it, and left behind that: it is woken, and leaves before its turn.
  await submit(first, 'saola.lock.release', 'l', 'a')
  owner.leave(gone)
  assert.equal(typeof (await waiting), 'number')
  owner.close()
  database.close()
})

test('a key that is no lock is refused', async () => {
  const { engine, acquire } = open()
  await engine.call(['hset', 'l', 'field', 'value'])
  await assert.rejects(acquire('a'), { code: 'STORE_WRONG_TYPE' })
  await assert.rejects(engine.call(['saola.lock.renew', 'x', 'a', 0]), /invalid expire time/)
})
