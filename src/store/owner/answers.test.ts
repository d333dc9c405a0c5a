import assert from 'node:assert/strict'
import fs, { mkdtempSync, rmSync, statSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CommitSync } from '../database/commit-sync.ts'
import { databaseOf } from '../database/folder.ts'
import { openDatabase } from '../database/open-database.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import { type Client, newClient } from './client.ts'
import { Owner } from './owner.ts'

const times = { softMs: 0, hardMs: 0, resultMs: 0, failureMs: 0 }
const job = { task: 't', queue: 'q', priority: 5, payload: '1', attempts: 1, interruptionsMax: 1, ...times }

test('what must be on the disk is answered behind a sync that began after its commit, all else at once', async t => {
  const { call, syncs } = await open(t)
  const order: string[] = []
  const note = async (name: string, answer: Promise<Reply>) => {
    await answer
    order.push(name)
  }
  const all = [note('a', call(...enqueue('a'))), note('set', call('set', 'key', '1'))]
  await until(() => order.length === 1)
  all.push(note('b', call(...enqueue('b'))))
  await nextTurn()
  all.push(note('c', call('saola.transaction', 0, 1, 3, ...enqueue('c'))))
  // It is committed, and nobody who takes it has to wait for the disk.
  const taken = await call('saola.task.claim', 'k', 'w', '["q"]', 3, 0, 'r')
  assert.equal(JSON.parse(String(taken)).length, 3)
  assert.deepEqual(order, ['set'])
  assert.equal(syncs.length, 1)
  syncs.shift()?.()
  await until(() => order.length > 1)
  await nextTurn()
  assert.deepEqual(order, ['set', 'a'])
  // One for both of them.
  assert.equal(syncs.length, 1)
  syncs.shift()?.()
  await Promise.all(all)
  assert.equal(syncs.length, 0)
})

test('a sync that fails is an error, and all is copied anew before the next one counts', async t => {
  const { dir, call, syncs, owner } = await open(t)
  const failing = assert.rejects(call(...enqueue('a')), { code: 'STORE_UNAVAILABLE' })
  await until(() => syncs.length === 1)
  const sameGroup = assert.rejects(call(...enqueue('b')), { code: 'STORE_UNAVAILABLE' })
  await nextTurn()
  // Somebody keeps the WAL as it is.
  const reader = new DatabaseSync(databaseOf(dir), { readOnly: true })
  t.after(() => reader.close())
  reader.exec('BEGIN; SELECT count(*) FROM task_jobs')
  syncs.shift()?.(new Error('EIO: i/o error, fdatasync'))
  await Promise.all([failing, sameGroup])
  assert.equal(syncs.length, 0)
  reader.exec('COMMIT')
  const next = call(...enqueue('c'))
  await until(() => syncs.length === 1)
  assert.equal(statSync(`${databaseOf(dir)}-wal`).size, 0)
  syncs.shift()?.()
  await next
  assert.equal(owner.keyspace.sql('PRAGMA synchronous').get()?.[0 as never], 1)
})

test('over a new connection a process hears of what it has enqueued when that is on the disk', async t => {
  const { call, connect, syncs } = await open(t)
  const first = connect()
  await call.over(first)('saola.session', 'process', 0)
  const lost = call.numbered(first, 1)(...enqueue('a'))
  await until(() => syncs.length === 1)
  let heard: Reply | undefined
  const again = call
    .over(connect())('saola.session', 'process', 0)
    .then(reply => {
      heard = reply
    })
  await nextTurn()
  await nextTurn()
  assert.equal(heard, undefined)
  syncs.shift()?.()
  await lost
  await until(() => syncs.length === 1)
  syncs.shift()?.()
  await again
  assert.deepEqual((heard as unknown as [number])[0], 1)
})

test('what an owner that was killed had enqueued is synced by the next one', async t => {
  const { dir, call, syncs } = await open(t)
  const answer = call(...enqueue('a'))
  await until(() => syncs.length === 1)
  const next = new CommitSync(new DatabaseSync(databaseOf(dir)), 'NORMAL')
  assert.equal(syncs.length, 2)
  assert.equal(next.disk?.isSettled, false)
  for (const end of syncs.splice(0)) end()
  await answer
  assert.equal(next.disk?.isSettled, true)
  await next.disk?.close()
})

function enqueue(id: string): [string, ...string[]] {
  return ['saola.task.enqueue', 'k', JSON.stringify([{ id, ...job }])]
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !isSo(); await nextTurn())
    assert.ok(performance.now() < end, 'it does not come')
}

/** An owner whose syncs are held back: each is over when it is called, with an error if one is given. */
async function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-answers-'))
  const syncs: ((error?: Error) => void)[] = []
  t.mock.method(fs, 'fdatasync', (_fd: number, done: (error: Error | null) => void) => {
    syncs.push(error => done(error ?? null))
  })
  syncBuiltinESMExports()
  const { commitSync, database, close } = await openDatabase({
    dir,
    durability: 'everysec',
    maxBytes: 0,
    log: () => {},
  })
  const owner = new Owner({ database, commitSync, limits: { valueBytesMax: 1_000_000, keysMax: 1000 } })
  t.after(async () => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
    for (const end of syncs) end()
    owner.close()
    await close()
    rmSync(dir, { recursive: true })
  })
  const connection = { isLocal: true } as unknown as NonNullable<Client['connection']>
  const connect = () => newClient({ id: 1, push: () => {}, connection })
  const submit =
    (client: Client, sequence?: number) =>
    (...parts: readonly unknown[]) =>
      new Promise<Reply>((resolve, reject) => {
        const answer = (reply: Reply) => (reply instanceof ReplyError ? reject(reply) : resolve(reply))
        owner.submit({ client, sequence, parts: parts.map(part => Buffer.from(String(part))), answer })
      })
  const call = Object.assign(submit(connect()), { over: (client: Client) => submit(client), numbered: submit })
  await call(
    'saola.task.enter',
    'k',
    'w',
    's',
    60_000,
    JSON.stringify({ worker: 'w', slot: 's', pid: 1, host: 'h', pool: 'io', queues: [] }),
  )
  return { dir, owner, call, connect, syncs }
}
