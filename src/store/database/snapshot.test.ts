import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'
import type { Reply } from '../resp/reply.ts'
import { checksumOf } from './checksum.ts'
import { everyKey } from './keyspace.ts'
import { openDatabase } from './open-database.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { takeSnapshot } from './snapshot.ts'
import { StoreSync } from './sync.ts'
import { verifySnapshot } from './verify-snapshot.ts'

test('a snapshot has a checksum that sha256sum accepts, belongs to this user, and says what is in it', async t => {
  const { dir, run } = await open(t)
  await run('set', 'a', '1')
  await run('hset', 'b', 'x', '1', 'y', '2')
  const file = join(dir, 'backup.db')
  const taken = takeSnapshot(dir, file, 5_000)
  const { rows, takenAt, sha256 } = verifySnapshot(file)
  assert.deepEqual([rows.keys, rows.fields, takenAt, sha256], [2, 2, 5_000, taken.sha256])
  for (const path of [file, checksumOf(file)]) assert.equal(statSync(path).mode & 0o777, 0o600)
  const { status, stdout } = spawnSync('sha256sum', ['--check', 'backup.db.sha256'], { cwd: dir, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

test('what belongs to connections is not in a snapshot, not even in its free pages', async t => {
  const { dir, database } = await open(t)
  const secret = Buffer.alloc(20_000, 'secret-answer')
  database.prepare('INSERT INTO sessions VALUES (?, 1, ?, 0)').run(Buffer.from('session'), secret)
  database.prepare('INSERT INTO taken VALUES (?, ?, 0)').run(Buffer.from('request'), secret)
  takeSnapshot(dir, join(dir, 'backup.db'))
  assert.equal(readFileSync(join(dir, 'backup.db')).includes('secret-answer'), false)
  assert.equal(database.prepare('SELECT count(*) AS n FROM sessions').get()?.n, 1)
})

test('a snapshot that is taken while others write is of one moment', async t => {
  const { dir, run, log } = await open(t)
  const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)
  const sync = new StoreSync({ dir, durability: 'memory', threadFile, log })
  for (let i = 0; i < 2_000; i++) await run('set', `filler-${i}`, 'v'.repeat(1_000))
  let isTaken = false
  let written = 0
  const write = async () => {
    // One transaction: both, or none.
    while (!isTaken) await run('mset', 'left', String(++written), 'right', String(written))
  }
  await run('mset', 'left', '0', 'right', '0')
  const writing = write()
  const files = [1, 2, 3].map(number => join(dir, `${number}.db`))
  for (const file of files) await sync.snapshot(file)
  isTaken = true
  await writing
  await sync.stop()
  for (const file of files) {
    const snapshot = new DatabaseSync(file, { readOnly: true })
    const values = snapshot.prepare("SELECT value FROM keys WHERE name IN (x'6c656674', x'7269676874')").all()
    snapshot.close()
    assert.equal(values.length, 2)
    assert.deepEqual(values[0], values[1])
  }
  assert.ok(written > 3)
})

test('only one snapshot is taken at a time', async t => {
  const { dir, log } = await open(t)
  const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)
  const sync = new StoreSync({ dir, durability: 'memory', threadFile, log })
  const first = sync.snapshot(join(dir, 'first.db'))
  await assert.rejects(sync.snapshot(join(dir, 'second.db')), { code: 'STORE_BUSY' })
  assert.equal((await first).rows.keys, 0)
  await sync.stop()
  await assert.rejects(sync.snapshot(join(dir, 'third.db')), { code: 'STORE_CLOSED' })
})

test('a snapshot that fails leaves the last good one and nothing half-written', async t => {
  const { dir, run, database } = await open(t)
  await run('set', 'a', '1')
  const file = join(dir, 'backup.db')
  takeSnapshot(dir, file)
  const before = readFileSync(file)
  database.exec('CREATE TABLE foreign_table (x); INSERT INTO foreign_table VALUES (1)')
  assert.throws(() => takeSnapshot(dir, file), { code: 'STORE_SNAPSHOT_INVALID', message: /foreign_table/ })
  assert.deepEqual(readFileSync(file), before)
  assert.equal(verifySnapshot(file).rows.keys, 1)
  assert.deepEqual(
    readdirSync(dir).filter(name => name.includes('partial')),
    [],
  )
})

test('a snapshot that was changed is refused, with a checksum and without', async t => {
  const { dir, run, database, owner } = await open(t)
  for (let i = 0; i < 200; i++) await run('set', `key-${i}`, 'v'.repeat(200))
  const file = join(dir, 'backup.db')
  takeSnapshot(dir, file)
  await run('set', 'later', '1')
  const refused = (message: RegExp) => {
    assert.throws(() => restoreSnapshot(database, owner.keyspace, file), { code: 'STORE_SNAPSHOT_INVALID', message })
  }
  const good = readFileSync(file)
  writeFileSync(file, Buffer.from(good).fill(0xee, 9_000, 9_001))
  refused(/checksum/)
  rmSync(checksumOf(file))
  writeFileSync(file, Buffer.from(good).fill(0xee, 4096))
  refused(/malformed|damaged pages/)
  writeFileSync(file, good.subarray(0, good.length / 2))
  refused(/malformed|damaged pages/)
  writeFileSync(file, good)
  const change = (sql: string) => {
    const snapshot = new DatabaseSync(file)
    snapshot.exec(sql)
    snapshot.close()
  }
  change("DELETE FROM keys WHERE name = CAST('key-7' AS BLOB)")
  refused(/199 rows of 200/)
  change('CREATE TRIGGER evil AFTER INSERT ON keys BEGIN DELETE FROM meta; END')
  refused(/evil/)
  change('PRAGMA user_version = 1000')
  refused(/newer version/)
  rmSync(file)
  refused(/ENOENT/)
  assert.equal(await run('get', 'later').then(String), '1')
})

test('a restored snapshot is seen by every connection at once, and only it', async t => {
  const { dir, run, database, owner } = await open(t)
  const reader = new DatabaseSync(join(dir, 'store.db'), { readOnly: true })
  t.after(() => reader.close())
  const names = () =>
    reader
      .prepare('SELECT CAST(name AS TEXT) AS name FROM keys')
      .all()
      .map(({ name }) => name)
  await run('set', 'old', '1')
  await run('hset', 'both', 'x', '1')
  const file = join(dir, 'backup.db')
  takeSnapshot(dir, file)
  await run('del', 'old')
  await run('hset', 'both', 'x', '2', 'y', '3')
  await run('set', 'new', '1')
  assert.deepEqual(names(), ['both', 'new'])
  const touched: Buffer[] = []
  owner.keyspace.onTouched = name => touched.push(name)

  assert.equal(restoreSnapshot(database, owner.keyspace, file).rows.keys, 2)
  assert.deepEqual(names(), ['both', 'old'])
  assert.deepEqual(touched, [everyKey])
  // What the owner has remembered of keys before is forgotten.
  assert.equal(String(await run('get', 'old')), '1')
  assert.equal(await run('get', 'new'), null)
  assert.equal(await run('hlen', 'both'), 1)
  await run('hset', 'fresh', 'x', '1')
  assert.equal(String(await run('hget', 'both', 'x')), '1')
})

test('a restoration leaves sessions alone, counts caches once, and never gives out an old token of a lock', async t => {
  const { dir, database, owner } = await open(t)
  const meta = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  const uses = database.prepare('INSERT INTO uses VALUES (?, ?, 0, 10)')
  meta.run('lock-token', 5)
  for (const field of ['a', 'b']) uses.run(1, Buffer.from(field))
  const file = join(dir, 'backup.db')
  takeSnapshot(dir, file)
  database.prepare('INSERT INTO sessions VALUES (?, 9, ?, 0)').run(Buffer.from('session'), Buffer.alloc(0))
  meta.run('lock-token', 8)
  for (let round = 0; round < 2; round++) restoreSnapshot(database, owner.keyspace, file)
  assert.deepEqual(
    database
      .prepare('SELECT name, value FROM meta')
      .all()
      .map(row => ({ ...row })),
    [{ name: 'lock-token', value: 8 }],
  )
  assert.equal(database.prepare('SELECT sequence FROM sessions').get()?.sequence, 9)
  const sizes = () => ({ ...database.prepare('SELECT * FROM cache_sizes').get() })
  assert.deepEqual(sizes(), { id: 1, entries: 2, bytes: 20 })
  uses.run(1, Buffer.from('c'))
  assert.deepEqual(sizes(), { id: 1, entries: 3, bytes: 30 })
})

test('a snapshot that is too large for the store changes nothing', async t => {
  const large = await open(t)
  for (let i = 0; i < 300; i++) await large.run('set', `key-${i}`, 'v'.repeat(10_000))
  const file = join(large.dir, 'backup.db')
  takeSnapshot(large.dir, file)
  const small = await open(t, 1024 ** 2)
  await small.run('set', 'mine', '1')
  const { keyspace } = small.owner
  assert.throws(() => restoreSnapshot(small.database, keyspace, file), {
    code: 'STORE_FULL',
    message: /Nothing was restored/,
  })
  assert.equal(String(await small.run('get', 'mine')), '1')
  assert.equal(await small.run('dbsize'), 1)
})

async function open(t: TestContext, maxBytes = 0) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-snapshot-'))
  const log = () => {}
  const opened = await openDatabase({ dir, durability: 'memory', maxBytes, log })
  const owner = new Owner({
    database: opened.database,
    limits: { valueBytesMax: 1024 ** 2, keysMax: Number.POSITIVE_INFINITY },
  })
  t.after(async () => {
    owner.close()
    await opened.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const client = newClient({ id: 1, push: () => {}, protocol: 3 })
  const run = (...parts: string[]): Promise<Reply> =>
    new Promise(answer => owner.submit({ client, parts: parts.map(part => Buffer.from(part)), answer }))
  return { dir, run, owner, database: opened.database, log }
}
