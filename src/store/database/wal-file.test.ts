import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDatabase } from './open-database.ts'
import { Syncer } from './sync-thread.ts'
import { findLostTail, isCopiedLost, noteCopied, readSalts } from './wal-file.ts'

const frameBytes = 24 + 4096

test('a tail that was lost is told from one that a kill has left, and from what an earlier use of the WAL has left', async t => {
  const { dir, wal, insert, framesIn } = await open(t)
  for (let i = 0; i < 20; i++) insert()
  const whole = readFileSync(wal)
  const frames = framesIn()
  const lostIn = (bytes: Buffer, framesRead: number) => {
    const copy = mkdtempSync(join(dir, 'copy-'))
    writeFileSync(join(copy, 'store.db-wal'), bytes)
    return findLostTail(copy, framesRead)
  }
  assert.equal(lostIn(whole, frames), undefined)
  assert.equal(lostIn(Buffer.alloc(0), 0), undefined)
  // The head of a frame, and nothing more of it, is what a kill can leave.
  assert.equal(lostIn(whole.subarray(0, whole.length - 4096), frames - 1), undefined)
  assert.deepEqual(lostIn(whole, frames - 10), {
    reason: 'transactions follow a part that makes no sense',
    bytes: 10 * frameBytes,
  })
  assert.deepEqual(lostIn(Buffer.alloc(10_000, 'x'), 0), { reason: 'its head makes no sense', bytes: 10_000 })
  const others = Buffer.from(whole)
  for (let at = 32 + 5 * frameBytes; at < others.length; at += frameBytes) others.fill(0, at + 8, at + 16)
  assert.equal(lostIn(others, 5), undefined)
})

test('a note of what was copied counts for this use of the WAL alone', async t => {
  const { dir, insert, framesIn } = await open(t)
  insert()
  const salts = readSalts(dir) ?? ''
  assert.equal(isCopiedLost(dir, 0), false)
  noteCopied(dir, salts, framesIn())
  assert.equal(isCopiedLost(dir, framesIn()), false)
  assert.equal(isCopiedLost(dir, framesIn() - 1), true)
  noteCopied(dir, '0'.repeat(16), framesIn())
  assert.equal(isCopiedLost(dir, 0), false)
  writeFileSync(join(dir, 'copied'), '{"sal')
  assert.equal(isCopiedLost(dir, 0), false)
})

test('a WAL that has lost what was copied into the file already is damage: both together never were the store', async t => {
  const { dir, wal, insert, framesIn } = await open(t)
  for (let i = 0; i < 1_200; i++) insert()
  const syncer = new Syncer(dir, 'everysec', () => {})
  syncer.round()
  syncer.close()
  const bytes = readFileSync(wal)
  bytes.fill(0xee, 32 + 600 * frameBytes, 32 + 601 * frameBytes)
  const copy = makeFolder(t)
  for (const name of ['store.db', 'copied']) copyFileSync(join(dir, name), join(copy, name))
  writeFileSync(join(copy, 'store.db-wal'), bytes)
  assert.ok(framesIn() > 1_200)
  const events: object[] = []
  const opened = await openDatabase({
    ...options,
    dir: copy,
    log: (event, { reason }) => events.push({ event, reason }),
  })
  await opened.close()
  assert.deepEqual(events, [
    { event: 'store.damaged', reason: 'a part of the WAL that was on the disk makes no sense' },
  ])
})

const options = { durability: 'everysec', maxBytes: 0, log: () => {} } as const

async function open(t: TestContext) {
  const dir = makeFolder(t)
  const opened = await openDatabase({ ...options, dir })
  t.after(() => opened.close())
  const statement = opened.database.prepare(
    'INSERT INTO keys (name, type, id, size, value) VALUES (randomblob(8), 1, 0, 0, zeroblob(100))',
  )
  return {
    dir,
    wal: join(dir, 'store.db-wal'),
    insert: () => void statement.run(),
    framesIn: () => Number(opened.database.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.log),
  }
}

function makeFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-wal-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
