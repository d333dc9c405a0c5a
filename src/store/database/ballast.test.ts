import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import { makeBallast, releaseBallast } from './ballast.ts'
import { freeBytes } from './folder.ts'
import { type OpenedDatabase, openDatabase } from './open-database.ts'
import { Syncer } from './sync-thread.ts'

test('the ballast takes real blocks, is released once, and is made again when there is room', t => {
  const dir = makeFolder(t)
  assert.equal(releaseBallast(dir), false)
  assert.equal(makeBallast(dir), true)
  const { size, blocks, mode } = statSync(join(dir, 'ballast'))
  assert.equal(size, 4 * 1024 ** 2)
  assert.ok(blocks * 512 >= 4 * 1024 ** 2)
  assert.equal(mode & 0o777, 0o600)
  assert.equal(releaseBallast(dir), true)
  assert.equal(releaseBallast(dir), false)
  assert.equal(makeBallast(dir, { roomBytesMin: Number.MAX_SAFE_INTEGER }), false)
  assert.equal(makeBallast(dir), true)
})

test('on a full disk reads and deletes go on, and writes do again when there is room', async t => {
  const dir = mountSmall(t, '40m')
  if (!dir) return
  const store = await open(t, dir)
  const value = 'v'.repeat(20_000)
  for (let i = 0; i < 400; i++) assert.equal(code(await store.run('set', `key-${i}`, value)), undefined)
  const filler = join(dir, 'filler')
  fill(filler, dir)
  let written = 400
  while (code(await store.run('set', `key-${written}`, value)) === undefined) written++
  // The same again: another key may lie in a page that has room.
  assert.equal(code(await store.run('set', `key-${written}`, value)), 'STORE_DISK_FULL')
  assert.deepEqual(await store.run('get', 'key-0'), Buffer.from(value))

  for (let i = 0; i < written; i++) assert.equal(await store.run('del', `key-${i}`), 1, `delete ${i} of ${written}`)
  rmSync(filler)
  assert.equal(code(await store.run('set', 'again', value)), undefined)
})

test('a store opens on a disk that is full but for its ballast', async t => {
  const dir = mountSmall(t, '40m')
  if (!dir) return
  const first = await open(t, dir)
  await first.run('set', 'a', '1')
  await first.close()
  fill(join(dir, 'filler'), dir)
  const second = await open(t, dir)
  assert.deepEqual(await second.run('get', 'a'), Buffer.from('1'))
  assert.equal(await second.run('del', 'a'), 1)
})

async function open(t: TestContext, dir: string) {
  const opened: OpenedDatabase = await openDatabase({ dir: join(dir, 'store'), durability: 'memory', maxBytes: 0, log })
  const limits = { valueBytesMax: 1024 ** 2, keysMax: 1e9 }
  const owner = new Owner({ database: opened.database, limits, room: opened.room })
  const syncer = new Syncer(join(dir, 'store'), 'memory', () => {})
  const client = newClient({ id: 1, push: () => {}, protocol: 3 })
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    owner.close()
    syncer.close()
    await opened.close().catch(() => {})
  }
  t.after(close)
  let count = 0
  const run = async (...parts: string[]): Promise<Reply> => {
    // As the thread does each second.
    if (++count % 100 === 0) syncer.round()
    return new Promise(answer => owner.submit({ client, parts: parts.map(part => Buffer.from(part)), answer }))
  }
  return { run, close }
}

function code(reply: Reply): string | undefined {
  return reply instanceof ReplyError ? reply.code : undefined
}

function fill(file: string, dir: string): void {
  const bytes = freeBytes(dir)
  writeFileSync(file, Buffer.alloc(bytes))
  assert.ok(freeBytes(dir) < 8192)
}

const log = () => {}

function makeFolder(t: TestContext, unmount?: (disk: string) => void): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-ballast-'))
  t.after(() => {
    unmount?.(join(dir, 'disk'))
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

/** A filesystem of its own, or nothing where this user cannot mount one. */
function mountSmall(t: TestContext, size: string): string | undefined {
  const dir = makeFolder(t, disk => spawnSync('umount', ['--lazy', disk]))
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    t.skip(`a small tmpfs cannot be mounted: ${stderr?.trim()}`)
    return undefined
  }
  return disk
}
