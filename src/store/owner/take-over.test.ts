import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { removeOwnerNote, writeOwnerNote } from '../database/owner-note.ts'
import { StoreError } from '../store-error.ts'
import { socketOf } from './owner-spec.ts'
import { openForTree } from './take-over.ts'

const next = { name: 'shop', supervisorPid: process.pid }
const { pid: gone } = spawnSync(process.execPath, ['--version'])

test('an owner that refuses, and ends because its tree is gone, is followed', async t => {
  const dir = await startOwner(t, () => removeOwnerNote(dir))
  writeOwnerNote(dir, { pid: process.pid, tree: { name: 'shop', supervisorPid: gone } })
  assert.equal(await openForTree(dir, next, opening(1)), 'opened')
})

test('an owner that refuses for a tree that is alive is left alone', async t => {
  const dir = await startOwner(t)
  writeOwnerNote(dir, { pid: process.pid, tree: { name: 'copy', supervisorPid: process.ppid } })
  await assert.rejects(openForTree(dir, next, opening(100)), {
    code: 'STORE_DIRECTORY_UNUSABLE',
    message: /owned by me/,
  })
})

test('so is one that had no room for a note', async t => {
  const dir = await startOwner(t)
  await assert.rejects(openForTree(dir, next, opening(100)), {
    code: 'STORE_DIRECTORY_UNUSABLE',
    message: /owned by me/,
  })
})

/** One that refuses to hand its folder over, and does something before it says so. */
async function startOwner(t: TestContext, beforeAnswer: () => void = () => {}): Promise<string> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-take-over-')))
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      beforeAnswer()
      socket.write('-STORE_OWNED It is owned by me.\r\n')
    })
  })
  server.listen(socketOf(dir))
  t.after(() => {
    server.close()
    rmSync(dir, { recursive: true, force: true })
  })
  await once(server, 'listening')
  return dir
}

/** Finds the folder owned so many times. */
function opening(times: number): () => Promise<string> {
  let left = times
  return async () => {
    if (left-- > 0) throw new StoreError('STORE_UNAVAILABLE', 'It is owned.')
    return 'opened'
  }
}
