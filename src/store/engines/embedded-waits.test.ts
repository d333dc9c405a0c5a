/** Waits of a process whose owner goes away and is replaced: what is taken is taken once, and what is given up stays. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { defaultSpec, socketOf } from '../owner/owner-spec.ts'
import { runOwner } from '../owner/run-owner.ts'
import { Store } from '../store.ts'
import { EmbeddedEngine } from './embedded.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'saola-waits-'))
  const spec = { ...defaultSpec, dir, snapshots: { everyMs: 0, keep: 1 } }
  const startOwner = () => runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  let owner: Awaited<ReturnType<typeof startOwner>> | undefined = await startOwner()
  const summoned = Promise.withResolvers<void>()
  const openStore = () =>
    new Store(new EmbeddedEngine({ dir, socketPath: () => socketOf(dir), summonOwner: () => summoned.resolve() }))
  const [store, other] = [openStore(), openStore()]
  t.after(async () => {
    await store.close()
    await other.close()
    await owner?.close()
    await rm(dir, { recursive: true })
  })
  return {
    store,
    other,
    async stopOwner() {
      await owner?.close()
      owner = undefined
      // The store has noticed.
      await summoned.promise
    },
    async startOwner() {
      owner = await startOwner()
    },
  }
}

test('a take that begins while there is no owner takes one element, however often it is sent', async t => {
  const { store, stopOwner, startOwner } = await open(t)
  await store.command('ping')
  await stopOwner()
  const taken = store.list('l').take()
  await startOwner()
  await store.list('l').push('a')
  assert.equal(await taken, 'a')
  await store.list('l').push('b', 'c')
  assert.deepEqual(await store.list('l').slice(), ['b', 'c'])
})

test('a take that waits goes on at the next owner, in its place', async t => {
  const { store, stopOwner, startOwner } = await open(t)
  const takes = [1, 2, 3].map(() => store.list('l').take())
  await store.command('ping')
  await stopOwner()
  await startOwner()
  await store.list('l').push('a', 'b', 'c', 'd')
  assert.deepEqual(await Promise.all(takes), ['a', 'b', 'c'])
  assert.deepEqual(await store.list('l').slice(), ['d'])
})

test('a wait can be given up while there is no owner, and leaves nothing behind', async t => {
  const { store, other, stopOwner, startOwner } = await open(t)
  const handle = await other.lock('l').acquire({ ttl: '1h' })
  const controller = new AbortController()
  const { signal } = controller
  const before = [store.list('l').take({ signal }), store.lock('l').acquire({ signal })]
  await store.command('ping')
  await stopOwner()
  const meanwhile = [store.list('l').take({ signal }), store.lock('l').acquire({ signal })]
  controller.abort(new Error('enough'))
  for (const wait of [...before, ...meanwhile]) await assert.rejects(wait, /enough/)
  await startOwner()
  await other.list('l').push('a', 'b')
  await store.command('ping')
  assert.deepEqual(await other.list('l').slice(), ['a', 'b'])
  await handle.release()
  const next = await other.lock('l').tryAcquire()
  assert.ok(next, 'nobody holds it')
})

test('a wait that began while there was no owner can be given up at the next one, and gets nothing then', async t => {
  const { store, other, stopOwner, startOwner } = await open(t)
  const handle = await other.lock('l').acquire({ ttl: '1h' })
  await store.command('ping')
  await stopOwner()
  const controller = new AbortController()
  const waiting = store.lock('l').acquire({ signal: controller.signal })
  await startOwner()
  await store.command('ping')
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  await handle.release()
  await store.command('ping')
  assert.ok(await other.lock('l').tryAcquire(), 'nobody holds it')
})

test('a wait that is given up as the owner goes away ends', async t => {
  const { store, stopOwner, startOwner } = await open(t)
  const controller = new AbortController()
  const taken = store.list('l').take({ signal: controller.signal })
  await store.command('ping')
  const ended = assert.rejects(taken, /enough/)
  // The owner may be told, and its answer is lost with the connection.
  const stopped = stopOwner()
  controller.abort(new Error('enough'))
  await stopped
  await startOwner()
  await ended
  await store.list('l').push('a')
  assert.deepEqual(await store.list('l').slice(), ['a'])
})

test('a wait that too many calls are before is refused, and does not wait for ever', async t => {
  const { store, stopOwner } = await open(t)
  await store.command('ping')
  await stopOwner()
  const calls = Array.from({ length: 20_000 }, () => store.counter('c').increment())
  const refused = Promise.allSettled(calls)
  await assert.rejects(store.list('l').take(), { code: 'STORE_BUSY' })
  await store.close()
  await refused
})
