import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, type TestContext, test } from 'node:test'
import { leaveCleanMark, takeCleanMark } from './clean-mark.ts'
import { checkFilesystem } from './folder.ts'
import { type OpenedDatabase, openDatabase } from './open-database.ts'
import { takeSnapshot } from './snapshot.ts'

const made: string[] = []
after(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true })
})

type Event = { event: string } & Record<string, unknown>

test('a folder and a file are made for this user alone, as the owner needs them', async t => {
  const dir = join(makeFolder(), 'deep', 'store')
  const { opened } = await open(t, dir, { maxBytes: 8 * 1024 ** 2 })
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name)
  const pragma = (name: string) => Object.values(opened.database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  assert.equal(pragma('page_size'), 4096)
  assert.equal(pragma('journal_mode'), 'wal')
  assert.equal(pragma('auto_vacuum'), 2)
  assert.equal(pragma('wal_autocheckpoint'), 0)
  assert.equal(pragma('max_page_count'), 2048)
  assert.equal(pragma('application_id'), 0x53616f6c)
})

test('how the disk is waited for follows the durability', async t => {
  for (const [durability, synchronous] of [
    ['memory', 0],
    ['everysec', 1],
    ['always', 2],
  ] as const) {
    const { opened } = await open(t, makeFolder(), { durability })
    assert.deepEqual({ ...opened.database.prepare('PRAGMA synchronous').get() }, { synchronous })
  }
})

test('a second owner is refused until the first one has closed', async t => {
  const dir = makeFolder()
  const { opened } = await open(t, dir)
  await assert.rejects(open(t, dir), { code: 'STORE_UNAVAILABLE', message: /owned by another process/ })
  await opened.close()
  await open(t, dir)
})

test('an owner that is killed leaves its lock free and all that it had committed', async t => {
  const dir = makeFolder()
  const child = spawn(process.execPath, ['--input-type=module', '--eval', ownerScript(dir)])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await assert.rejects(open(t, dir), { code: 'STORE_UNAVAILABLE' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const { opened, events } = await open(t, dir)
  assert.deepEqual(keysOf(opened.database), ['0', '1', '2'])
  assert.deepEqual(events, [])
})

test('a file that is no database is put aside, and the newest valid snapshot takes its place', async t => {
  const dir = makeFolder()
  const first = await open(t, dir)
  insert(first.opened.database, ['0'])
  takeSnapshot(dir, join(dir, 'snapshots', 'z-oldest.db'), 1_000)
  insert(first.opened.database, ['1'])
  takeSnapshot(dir, join(dir, 'snapshots', 'a-good.db'), 2_000)
  insert(first.opened.database, ['2'])
  takeSnapshot(dir, join(dir, 'snapshots', 'b-damaged.db'), 3_000)
  await first.opened.close()
  damage(join(dir, 'snapshots', 'b-damaged.db'))
  const garbage = Buffer.alloc(10_000, 'garbage')
  writeFileSync(join(dir, 'store.db'), garbage)

  const { opened, events } = await open(t, dir)
  assert.deepEqual(keysOf(opened.database), ['0', '1'])
  assert.deepEqual(
    events.map(({ event }) => event),
    ['store.snapshot.invalid', 'store.damaged'],
  )
  assert.equal(events[1]?.restored, join(dir, 'snapshots', 'a-good.db'))
  assert.equal(events[1]?.restoredFrom, '1970-01-01T00:00:02.000Z')
  assert.deepEqual(readFileSync(join(String(events[1]?.movedTo), 'store.db')), garbage)
  assert.equal(opened.database.prepare("SELECT * FROM meta WHERE name GLOB 'snapshot.*'").get(), undefined)
})

test('without a snapshot the store starts empty, says so, and keeps the damaged file', async t => {
  const dir = makeFolder()
  writeFileSync(join(dir, 'store.db'), 'garbage')
  const { opened, events } = await open(t, dir)
  assert.deepEqual(keysOf(opened.database), [])
  assert.equal(events.length, 1)
  assert.match(String(events[0]?.restored), /empty/)
  assert.equal(readFileSync(join(String(events[0]?.movedTo), 'store.db'), 'utf8'), 'garbage')
})

for (const { name, cut } of [
  { name: 'half of its pages', cut: (size: number) => Math.floor(size / 8192) * 4096 },
  { name: 'the middle of a page', cut: (size: number) => Math.floor(size / 2) + 100 },
  { name: 'nothing', cut: () => 0 },
]) {
  test(`a file that was cut to ${name} is replaced by the last snapshot`, async t => {
    const dir = makeFolder()
    const first = await open(t, dir)
    insert(first.opened.database, numbersTo(3_000))
    takeSnapshot(dir, join(dir, 'snapshots', 'last.db'))
    await first.opened.close()
    const file = join(dir, 'store.db')
    truncateSync(file, cut(statSync(file).size))
    const { opened, events } = await open(t, dir)
    assert.equal(keysOf(opened.database).length, 3_000)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['store.damaged'],
    )
  })
}

test('a damaged page is found when the last end was no proper one', async t => {
  const dir = makeFolder()
  const first = await open(t, dir)
  insert(first.opened.database, numbersTo(3_000))
  await first.opened.close({ isSound: false })
  damage(join(dir, 'store.db'))
  const { events } = await open(t, dir)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['store.damaged'],
  )
})

test('a WAL that ends anywhere loses its tail and nothing else', async t => {
  const dir = makeFolder()
  const { opened } = await open(t, dir)
  for (const name of numbersTo(60)) insert(opened.database, [name])
  const wal = readFileSync(join(dir, 'store.db-wal'))
  let kept = -1
  for (let length = 0; length <= wal.length; length += 1 + Math.floor(Math.random() * 12_000)) {
    const copy = makeFolder()
    copyFileSync(join(dir, 'store.db'), join(copy, 'store.db'))
    writeFileSync(join(copy, 'store.db-wal'), wal.subarray(0, length))
    // What a disk may have written there instead.
    if (length % 2) appendFileSync(join(copy, 'store.db-wal'), Buffer.alloc(5_000, length))
    const { opened: reopened, events } = await open(t, copy)
    const names = keysOf(reopened.database)
    assert.deepEqual(names, numbersTo(names.length))
    assert.ok(names.length >= kept, `with ${length} bytes ${names.length} keys, with fewer bytes ${kept}`)
    const isHeadLost = length % 2 === 1 && length < 32
    assert.deepEqual(
      events.map(({ event }) => event),
      isHeadLost ? ['store.wal.cut'] : [],
    )
    kept = names.length
  }
  assert.ok(kept > 50)
})

test('the database of another application is refused and not touched', async t => {
  const dir = makeFolder()
  const file = join(dir, 'store.db')
  const foreign = new DatabaseSync(file)
  foreign.exec('CREATE TABLE invoices (id); PRAGMA application_id = 7')
  foreign.close()
  const before = readFileSync(file)
  await assert.rejects(open(t, dir), { code: 'STORE_DIRECTORY_UNUSABLE', message: /another application/ })
  assert.deepEqual(readFileSync(file), before)
})

test('a file of a newer version is refused', async t => {
  const dir = makeFolder()
  const { opened } = await open(t, dir)
  opened.database.exec('PRAGMA user_version = 1000')
  await opened.close()
  await assert.rejects(open(t, dir), { code: 'STORE_DIRECTORY_UNUSABLE', message: /newer version/ })
})

test('a replacement that a kill has interrupted is finished at the next start', async t => {
  const dir = makeFolder()
  const first = await open(t, dir)
  insert(first.opened.database, ['0'])
  await first.opened.close()
  renameSync(join(dir, 'store.db'), join(dir, 'store.db.replacement'))
  writeFileSync(join(dir, 'store.db-wal'), 'what the damaged file has left')
  const { opened, events } = await open(t, dir)
  assert.deepEqual(keysOf(opened.database), ['0'])
  assert.deepEqual(
    events.map(({ event }) => event),
    ['store.damaged'],
  )
})

test('at most five damaged files are kept', async t => {
  const dir = makeFolder()
  for (let day = 1; day <= 6; day++) mkdirSync(join(dir, `damaged-2001-01-0${day}T00-00-00.000Z`))
  writeFileSync(join(dir, 'store.db'), 'garbage')
  const { events } = await open(t, dir)
  assert.equal(readdirSync(dir).filter(name => name.startsWith('damaged-')).length, 5)
  assert.equal(events.filter(({ event }) => event === 'store.damaged.removed').length, 2)
})

test('a clean mark counts once, and only for the file that it was made for', () => {
  const dir = makeFolder()
  writeFileSync(join(dir, 'store.db'), 'content')
  assert.equal(takeCleanMark(dir), 'absent')
  leaveCleanMark(dir)
  assert.equal(takeCleanMark(dir), 'clean')
  assert.equal(takeCleanMark(dir), 'absent')
  leaveCleanMark(dir)
  appendFileSync(join(dir, 'store.db'), 'more')
  assert.equal(takeCleanMark(dir), 'changed')
})

test('network filesystems are refused, FUSE is mentioned', () => {
  const events: string[] = []
  const check = (type: number) => checkFilesystem('/srv/store', type, event => events.push(event), 'linux')
  for (const type of [0x6969, 0xff534d42, 0xfe534d42, 0x01021997]) {
    assert.throws(() => check(type), { code: 'STORE_DIRECTORY_UNUSABLE' })
  }
  check(0xef53)
  assert.deepEqual(events, [])
  check(0x65735546)
  assert.deepEqual(events, ['store.filesystem.unknown'])
})

test('a folder that cannot be made is said to be unusable', async t => {
  const file = join(makeFolder(), 'file')
  writeFileSync(file, '')
  await assert.rejects(open(t, file), { code: 'STORE_DIRECTORY_UNUSABLE' })
  await assert.rejects(open(t, join(file, 'below')), { code: 'STORE_DIRECTORY_UNUSABLE' })
})

type Options = Partial<Parameters<typeof openDatabase>[0]>

async function open(t: TestContext, dir: string, options: Options = {}) {
  const events: Event[] = []
  const log = (event: string, fields: Record<string, unknown>) => void events.push({ event, ...fields })
  const opened = await openDatabase({ dir, durability: 'everysec', maxBytes: 0, log, ...options })
  const close: OpenedDatabase['close'] = async how => {
    if (opened.database.isOpen) await opened.close(how)
  }
  t.after(() => close())
  return { opened: { ...opened, close }, events }
}

function insert(database: DatabaseSync, names: readonly string[]): void {
  database.exec('BEGIN')
  const statement = database.prepare('INSERT INTO keys (name, type, id, size, value) VALUES (?, 1, 0, 0, ?)')
  for (const name of names) statement.run(Buffer.from(name), Buffer.alloc(100, name))
  database.exec('COMMIT')
}

function keysOf(database: DatabaseSync): string[] {
  const rows = database.prepare('SELECT name FROM keys').all() as { name: Uint8Array }[]
  return rows.map(({ name }) => Buffer.from(name).toString()).sort((a, b) => Number(a) - Number(b))
}

function numbersTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i))
}

/** Writes over some bytes in each page but the first. */
function damage(file: string): void {
  const bytes = readFileSync(file)
  for (let at = 4096; at < bytes.length; at += 4096) bytes.fill(0xee, at, at + 64)
  writeFileSync(file, bytes)
}

function ownerScript(dir: string): string {
  return `
    import { openDatabase } from ${JSON.stringify(new URL('./open-database.ts', import.meta.url).href)}
    const options = { dir: ${JSON.stringify(dir)}, durability: 'memory', maxBytes: 0, log() {} }
    const { database } = await openDatabase(options)
    for (const name of '012') database.prepare('INSERT INTO keys (name, type, id, size) VALUES (?, 1, 0, 0)').run(Buffer.from(name))
    console.log('open')
    setInterval(() => {}, 1000)`
}

function makeFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-open-'))
  made.push(dir)
  return dir
}
