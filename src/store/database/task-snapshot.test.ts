import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'
import { databaseOf } from './folder.ts'
import { openDatabase } from './open-database.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { takeSnapshot } from './snapshot.ts'

test('a snapshot holds jobs and no sessions; what was active is ready again, and tokens go on growing', async t => {
  const { call, take, snapshot, restore } = await open(t)
  await call('enqueue', jobsOf('a', 'b'))
  const before = await take()
  snapshot()
  await call('done', 'w', JSON.stringify([before]))
  const later = await take()
  restore()

  assert.deepEqual(JSON.parse(await call('done', 'w', JSON.stringify([later]))), ['lost'])
  assert.equal(JSON.parse(await call('counts')).ready, 2)
  assert.equal(JSON.parse(await call('get', 'a')).started, undefined)
  assert.equal(JSON.parse(await call('workers')).length, 1)
  const again = await take()
  assert.deepEqual([again.id, again.attempt, again.interruptions], ['a', 1, 0])
  assert.ok(again.token > later.token)
})

test('whoever waits for a job gets what a snapshot brings back, but for what was to be cancelled', async t => {
  const { call, take, snapshot, restore } = await open(t)
  await call('enqueue', jobsOf('a', 'b'))
  const unwanted = await take()
  assert.equal(await call('cancel', unwanted.id), '"asked"')
  snapshot()
  await call('done', 'w', JSON.stringify([unwanted, await take()]))
  const waiting = call('claim', 'w', '["q"]', 2, 60_000, 'r2')
  await call('counts')
  restore()
  assert.deepEqual(
    JSON.parse(await waiting).map(({ id }: { id: string }) => id),
    ['b'],
  )
  assert.equal(JSON.parse(await call('get', 'a')).state, 'cancelled')
})

test('a file that was a snapshot, as behind a damaged one, has no job that nobody runs', async t => {
  const { dir, call, take, snapshot, file } = await open(t)
  await call('enqueue', jobsOf('a', 'b'))
  await take()
  snapshot()
  const other = join(dir, 'other')
  mkdirSync(other)
  copyFileSync(file, databaseOf(other))
  const second = await open(t, other)
  assert.equal((await second.take()).id, 'a')
  const { active, ready } = JSON.parse(await second.call('counts'))
  assert.deepEqual([active, ready], [1, 1])
})

function jobsOf(...ids: readonly string[]): string {
  const times = { softMs: 0, hardMs: 0, resultMs: 60_000, failureMs: 60_000 }
  const job = { task: 't', queue: 'q', priority: 5, payload: '{}', attempts: 3, interruptionsMax: 3, ...times }
  return JSON.stringify(ids.map(id => ({ id, ...job })))
}

/** A store with one session. */
async function open(t: TestContext, storeDir?: string) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-task-snapshot-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const store = storeDir ?? join(dir, 'store')
  const opened = await openDatabase({ dir: store, durability: 'everysec', maxBytes: 0, log: () => {} })
  const { database, commitSync } = opened
  const owner = new Owner({ database, commitSync, limits: { valueBytesMax: 1_000_000, keysMax: 1000 } })
  t.after(async () => {
    owner.close()
    await opened.close()
  })
  const client = newClient({ id: 1, push: () => {} })
  const call = async (name: string, ...args: readonly unknown[]) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const parts = [`saola.task.${name}`, 'k', ...args].map(part => Buffer.from(String(part)))
    owner.submit({ client, parts, answer: reply => resolve(String(reply)) })
    return promise
  }
  const session = JSON.stringify({ worker: 'w', slot: 's', pid: 1, host: 'h', pool: 'io', queues: [] })
  await call('enter', 'w', 's', 60_000, session)
  const take = async () => JSON.parse(await call('claim', 'w', '["q"]', 1, 10, 'r'))[0]
  const file = join(dir, 'snapshot.db')
  const snapshot = () => takeSnapshot(store, file)
  const restore = () => owner.betweenTurns(keyspace => restoreSnapshot(database, keyspace, file))
  return { dir, file, call, take, snapshot, restore }
}
