import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryEngine } from '../engines/memory.ts'

function open() {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  const acquire = (holder: string, { ttlMs = 1000, waitMs = -1 } = {}) =>
    engine.call(['saola.lock.acquire', 'l', holder, ttlMs, waitMs, holder])
  const wait = (holder: string, { ttlMs = 1000, waitMs = 0, signal = undefined as AbortSignal | undefined } = {}) =>
    engine.wait((request, ms) => ['saola.lock.acquire', 'l', holder, ttlMs, ms, request], { timeoutMs: waitMs, signal })
  const release = (holder: string) => engine.call(['saola.lock.release', 'l', holder])
  const pass = (ms: number) => engine.moveClock(() => (clock.now += ms))
  return { engine, acquire, wait, release, pass }
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

test('those who wait get the lock in their order, and nobody comes between', async () => {
  const { acquire, wait, release } = open()
  await acquire('a')
  const order: string[] = []
  const waits = ['b', 'c', 'd'].map(async holder => {
    await wait(holder)
    order.push(holder)
    assert.equal(await acquire('z'), null)
    await release(holder)
  })
  const [, between] = await Promise.all([release('a'), acquire('z')])
  assert.equal(between, null)
  await Promise.all(waits)
  assert.deepEqual(order, ['b', 'c', 'd'])
})

test('who waits gets the lock when the lease ends, and the next when that one ends', async () => {
  const { acquire, wait, pass } = open()
  await acquire('a')
  const first = wait('b')
  const second = wait('c')
  await acquire('z')
  pass(1000)
  const token = await first
  await acquire('z')
  pass(1000)
  assert.ok(Number(await second) > Number(token))
})

test('a real timer ends a lease for those who wait', async () => {
  const engine = new MemoryEngine()
  const acquire = (holder: string) =>
    engine.wait((request, ms) => ['saola.lock.acquire', 'l', holder, 20, ms, request], { timeoutMs: 5000 })
  const tokens = (await Promise.all(['a', 'b', 'c'].map(acquire))) as number[]
  assert.deepEqual(
    tokens,
    [...tokens].sort((a, b) => a - b),
  )
})

test('who waits too long gets nothing, and those behind go on', async () => {
  const { acquire, wait, release, pass } = open()
  await acquire('a', { ttlMs: 10_000 })
  const short = wait('b', { waitMs: 50 })
  const long = wait('c')
  await acquire('z')
  pass(50)
  assert.equal(await short, null)
  await release('a')
  assert.equal(typeof (await long), 'number')
})

test('who gives up waiting does not get the lock, and those behind do', async () => {
  const { engine, acquire, wait, release } = open()
  await acquire('a')
  const controller = new AbortController()
  const gone = wait('b', { signal: controller.signal })
  const next = wait('c')
  await acquire('z')
  // It is woken, and leaves before its turn.
  const released = release('a')
  setImmediate(() => controller.abort(new Error('enough')))
  await assert.rejects(gone, /enough/)
  await released
  await next
  assert.deepEqual(((await engine.call(['saola.lock.holder', 'l'])) as Buffer[])[0], Buffer.from('c'))
})

test('a key that is no lock is refused', async () => {
  const { engine, acquire } = open()
  await engine.call(['hset', 'l', 'field', 'value'])
  await assert.rejects(acquire('a'), { code: 'STORE_WRONG_TYPE' })
  await assert.rejects(engine.call(['saola.lock.renew', 'x', 'a', 0]), /invalid expire time/)
})
