import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs, { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { fairMs } from '../../../test/support/busy-machine.ts'
import { openDatabase } from './open-database.ts'
import { StoreSync, type SyncOptions } from './sync.ts'
import { type FromSyncThread, Syncer } from './sync-thread.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

test('the WAL is synced when it has grown, and left alone when it has not', async t => {
  const { dir, write } = await open(t)
  const mock = mockSyncs(t, () => {})
  const syncer = new Syncer(dir, 'everysec', () => {})
  t.after(() => syncer.close())
  const settle = (time: number) => utimesSync(join(dir, 'store.db-wal'), time, time)
  settle(1_000)
  syncer.round()
  assert.equal(mock.callCount(), 1)
  syncer.round()
  assert.equal(mock.callCount(), 1)
  write(10)
  // However long ago that is on a busy machine.
  settle(Date.now() / 1_000 + 60)
  syncer.round()
  assert.equal(mock.callCount(), 2)
  // What was written just now could have been written to again within the same tick.
  syncer.round()
  assert.equal(mock.callCount(), 3)
  settle(2_000)
  syncer.round()
  syncer.round()
  assert.equal(mock.callCount(), 4)
  for (const durability of ['memory', 'always'] as const) {
    const other = new Syncer(dir, durability, () => {})
    other.round()
    other.close()
  }
  assert.equal(mock.callCount(), 4)
})

test('a WAL that was written just before a sync is synced again, however long that sync took', async t => {
  const { dir } = await open(t)
  let nowMs = Date.now()
  t.mock.method(Date, 'now', () => nowMs)
  // What comes behind it, in the same tick and at the same place, shows neither in the time nor in the size.
  const mock = mockSyncs(t, () => {
    nowMs += 500
  })
  const syncer = new Syncer(dir, 'everysec', () => {})
  t.after(() => syncer.close())
  const writtenAt = (nowMs - 2) / 1_000
  utimesSync(join(dir, 'store.db-wal'), writtenAt, writtenAt)
  syncer.round()
  syncer.round()
  assert.equal(mock.callCount(), 2)
  syncer.round()
  assert.equal(mock.callCount(), 2)
})

test('what the WAL has is copied into the file when it is more than a thousand pages, while the owner writes on', async t => {
  const { dir, database, write } = await open(t)
  const syncer = new Syncer(dir, 'memory', () => {})
  t.after(() => syncer.close())
  const state = () => ({ ...database.prepare('PRAGMA wal_checkpoint(NOOP)').get() })
  write(50)
  syncer.round()
  assert.equal(state().checkpointed, 0)
  write(1_000)
  const { log } = state()
  database.exec('BEGIN IMMEDIATE')
  write(1)
  syncer.round()
  database.exec('COMMIT')
  assert.equal(state().checkpointed, log)
})

test('a WAL that has become very large is cut', async t => {
  const { dir, database } = await open(t)
  const syncer = new Syncer(dir, 'memory', () => {})
  t.after(() => syncer.close())
  const insert = database.prepare(
    'INSERT INTO keys (name, type, id, size, value) VALUES (randomblob(8), 1, 0, 0, zeroblob(?))',
  )
  for (let i = 0; i < 35; i++) insert.run(2 * 1024 ** 2)
  assert.ok(statSync(join(dir, 'store.db-wal')).size > 64 * 1024 ** 2)
  syncer.round()
  assert.equal(statSync(join(dir, 'store.db-wal')).size, 0)
})

test('the end of the file that was given back is cut off beside an owner that writes all the time', async t => {
  const { dir, database, write } = await open(t)
  const syncer = new Syncer(dir, 'memory', () => {})
  t.after(() => syncer.close())
  const size = () => statSync(join(dir, 'store.db')).size
  database.exec('BEGIN')
  write(5_000)
  database.exec('COMMIT')
  syncer.round()
  const full = size()
  database.exec('DELETE FROM keys')
  database.prepare('PRAGMA incremental_vacuum').all()
  const writer = new Worker(
    `const { DatabaseSync } = require('node:sqlite')
    const { parentPort, workerData } = require('node:worker_threads')
    const database = new DatabaseSync(workerData, { timeout: 60_000 })
    database.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0')
    const write = database.prepare("INSERT OR REPLACE INTO keys (name, type, id, size, value) VALUES (x'00', 1, 0, 0, x'00')")
    const pause = new Int32Array(new SharedArrayBuffer(4))
    write.run()
    parentPort.postMessage('writing')
    for (;;) {
      Atomics.wait(pause, 0, 0, 0.1)
      write.run()
    }`,
    { eval: true, workerData: join(dir, 'store.db') },
  )
  t.after(() => writer.terminate())
  await once(writer, 'message')
  for (let rounds = 0; rounds < 20 && size() > full / 10; rounds++) syncer.round()
  await writer.terminate()
  assert.ok(size() < full / 10, `${full} → ${size()} bytes`)
})

test('a reader that holds an old view puts the cut off, and holds up nobody for long', async t => {
  const { dir, database, write } = await open(t)
  const syncer = new Syncer(dir, 'memory', () => {})
  const reader = new DatabaseSync(join(dir, 'store.db'), { readOnly: true })
  t.after(() => {
    syncer.close()
    reader.close()
  })
  reader.exec('BEGIN; SELECT count(*) FROM keys')
  database
    .prepare('INSERT INTO keys (name, type, id, size, value) VALUES (?, 1, 0, 0, zeroblob(?))')
    .run(Buffer.from('large'), 70 * 1024 ** 2)
  const startedAt = performance.now()
  syncer.round()
  write(1)
  assert.ok(performance.now() - startedAt < fairMs(4_000))
  assert.ok(statSync(join(dir, 'store.db-wal')).size > 0)
  reader.exec('COMMIT')
  syncer.round()
  assert.equal(statSync(join(dir, 'store.db-wal')).size, 0)
})

test('a surplus that a reader holds is tried again soon, then each minute, so that writers hardly wait', async t => {
  const { dir, database, write } = await open(t)
  const syncer = new Syncer(dir, 'memory', () => {})
  const reader = new DatabaseSync(join(dir, 'store.db'), { readOnly: true })
  t.after(() => {
    syncer.close()
    reader.close()
  })
  const size = () => statSync(join(dir, 'store.db')).size
  database.exec('BEGIN')
  write(5_000)
  database.exec('COMMIT')
  syncer.round()
  const full = size()
  reader.exec('BEGIN; SELECT count(*) FROM keys')
  database.exec('DELETE FROM keys')
  database.prepare('PRAGMA incremental_vacuum').all()
  let now = performance.now()
  t.mock.method(performance, 'now', () => now)
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare')
  const cuts = () => mock.calls.filter(({ arguments: [sql] }) => sql === 'PRAGMA wal_checkpoint(TRUNCATE)').length
  // Each round a second after the one before.
  const cutsIn = (seconds: number) => {
    const before = cuts()
    for (let i = 0; i < seconds; i++) {
      syncer.round()
      now += 1_000
    }
    return cuts() - before
  }
  assert.equal(cutsIn(1), 1)
  // A reader that only stood still for a moment does not put it off by a minute.
  assert.equal(cutsIn(2), 1)
  const inTenMinutes = cutsIn(600)
  assert.ok(inTenMinutes >= 10 && inTenMinutes <= 20, `${inTenMinutes} times in ten minutes`)
  reader.exec('COMMIT')
  now += 60_000
  syncer.round()
  assert.ok(size() < full / 10, `${full} → ${size()} bytes`)
})

test('trouble is told once, and that it is over; a file that is away is not made', t => {
  const dir = makeFolder(t)
  const told: FromSyncThread[] = []
  const syncer = new Syncer(dir, 'memory', message => told.push(message))
  t.after(() => syncer.close())
  syncer.round()
  syncer.round()
  assert.equal(told.length, 1)
  assert.deepEqual({ ...told[0], error: '' }, { type: 'trouble', work: 'checkpoint', error: '' })
  assert.equal(statSync(join(dir, 'store.db'), { throwIfNoEntry: false }), undefined)
  new DatabaseSync(join(dir, 'store.db')).close()
  syncer.round()
  assert.deepEqual(told.slice(1), [{ type: 'trouble', work: 'checkpoint', error: undefined }])
})

test('the thread does a round when it is asked, and a last one when it is stopped', async t => {
  const { dir, database, write, start } = await open(t)
  const { sync, events } = start({ threadFile, everyMs: 60_000 })
  const checkpointed = () => database.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.checkpointed
  write(1_200)
  await sync.round()
  assert.ok(Number(checkpointed()) > 1_000)
  write(1_200)
  await sync.stop()
  await sync.stop()
  const { log, checkpointed: last } = { ...database.prepare('PRAGMA wal_checkpoint(NOOP)').get() }
  assert.equal(last, log)
  await assert.rejects(sync.round(), { code: 'STORE_UNAVAILABLE' })
  assert.deepEqual(events, [])
  assert.ok(statSync(join(dir, 'ballast')).size > 0)
})

test('a thread that dies is started again', async t => {
  const { dir, start } = await open(t)
  const starts = join(dir, 'starts')
  const file = join(dir, 'thread.mjs')
  writeFileSync(starts, '')
  writeFileSync(
    file,
    `import { appendFileSync, readFileSync } from 'node:fs'
    appendFileSync(${JSON.stringify(starts)}, '.')
    if (readFileSync(${JSON.stringify(starts)}).length < 3) throw new Error('out of order')
    await import(${JSON.stringify(threadFile.href)})`,
  )
  const { sync, events } = start({ threadFile: new URL(`file://${file}`) })
  await assert.rejects(sync.round(), { code: 'STORE_UNAVAILABLE', message: /out of order/ })
  t.after(() => sync.stop())
  let isRunning = false
  while (!isRunning) {
    isRunning = await sync.round().then(
      () => true,
      () => new Promise(resolve => setImmediate(resolve, false)),
    )
  }
  assert.equal(readFileSync(starts, 'utf8'), '...')
  assert.deepEqual(events, ['store.sync.died', 'store.sync.died'])
})

test('a thread that does not end in time is ended', async t => {
  const { start } = await open(t)
  const file = new URL('data:text/javascript,setInterval(() => {}, 1000)')
  const { sync, events } = start({ threadFile: file, stopTimeoutMs: 50 })
  await sync.stop()
  assert.deepEqual(events, ['store.sync.slow'])
})

async function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-sync-'))
  const opened = await openDatabase({ dir, durability: 'memory', maxBytes: 0, log: () => {} })
  t.after(async () => {
    await opened.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const { database } = opened
  const insert = database.prepare(
    'INSERT INTO keys (name, type, id, size, value) VALUES (randomblob(8), 1, 0, 0, zeroblob(3000))',
  )
  /** Each changes some pages. */
  const write = (rows: number) => {
    for (let i = 0; i < rows; i++) insert.run()
  }
  const start = (options: Partial<SyncOptions> & { threadFile: URL }) => {
    const events: string[] = []
    const sync = new StoreSync({ dir, durability: 'memory', log: event => events.push(event), ...options })
    return { sync, events }
  }
  return { dir, database, write, start }
}

/** Does this in the place of each sync of the WAL. */
function mockSyncs(t: TestContext, sync: () => void) {
  const { mock } = t.mock.method(fs, 'fdatasyncSync', sync)
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return mock
}

function makeFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-sync-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
