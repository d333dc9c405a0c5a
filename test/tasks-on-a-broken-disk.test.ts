// What becomes of the store itself, the tests store-on-a-full-disk and store-starts-after-damage say.
import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from '../src/store.ts'
import { defineTask, openTasks } from '../src/tasks.ts'
import { startRedis } from './support/redis-server.ts'
import { mountSmallDisk } from './support/small-disk.ts'
import { startTaskTree, type TaskTree } from './support/task-tree.ts'

const tasks = `
import { existsSync } from 'node:fs'
export const quick = defineTask({ id: 'quick', run: () => 7 })
export const held = defineTask({ id: 'held', queue: 'held', run: noted(() => 8) })
export const gated = defineTask({ id: 'gated', run: noted(async size => {
  while (!existsSync('gate')) await pause(20)
  return 'r'.repeat(size)
}) })
`
// What is small finds room in what the store has already.
const resultBytes = 2_000_000
// Far longer than a process may stand still for reasons of the machine.
const leaseMs = 4_000

test('on a full disk an enqueue is refused, what runs goes on beyond its lease, and its result is kept', async t => {
  const disk = mountSmallDisk(t, 32)
  if (!disk) return
  t.after(() => disk.unmount())
  const config = { store: { dir: join(disk.dir, 'store') } }
  const shop = await startTaskTree(t, { tasks, config, options: { lease: leaseMs / 1000, maxResultBytes: '3MB' } })
  await using store = openStore({ dir: config.store.dir })
  const quick = defineTask({ id: 'quick', run: (_: string) => 7 })
  const enqueue = () => openTasks(store).enqueue(quick, 'x'.repeat(resultBytes))
  const [gated, longer] = [await shop.enqueue('gated', resultBytes), await shop.enqueue('gated', resultBytes)]
  for (const id of [gated, longer]) await shop.run(id, 'begin')

  disk.fill()
  await assert.rejects(enqueue(), isFull)
  // Nobody can renew a lease meanwhile.
  await pause(2 * leaseMs)
  writeFileSync(join(shop.tree.dir, 'gate'), '')
  for (const id of [gated, longer]) await shop.run(id, 'end')

  disk.empty()
  for (const id of [gated, longer]) {
    assert.equal(String(await shop.result(id)).length, resultBytes)
    const { attempt, interruptions } = await shop.job(id)
    assert.deepEqual([attempt, interruptions, shop.runs(id).length], [1, 0, 2])
  }
  assert.equal(await (await enqueue()).result(), 7)
})

test('a store whose file is cut at the start has the jobs of its snapshot, and says which it does not know', async t => {
  const before = await startTaskTree(t, { tasks })
  const dir = join(before.tree.dir, '.saola', 'shop', 'store')
  await before.pause('held')
  const kept = await Promise.all(Array.from({ length: 10 }, () => before.enqueue('held')))
  await keepSnapshot(before, dir)
  const lost = await before.enqueue('held')
  // All is in the file then, and nothing in the WAL beside it.
  await before.tree.stop()
  const file = join(dir, 'store.db')
  truncateSync(file, Math.floor(statSync(file).size / 2))

  const after = await startTaskTree(t, { tasks, dir: before.tree.dir })
  await after.tree.waitForLine(/store\.damaged/)
  await after.resume('held')
  for (const id of kept) assert.equal(await after.result(id), 8)
  assert.deepEqual(await after.result(lost), { failed: 'TASK_NOT_FOUND' })
  assert.equal(await after.result(await after.enqueue('held')), 8)
})

test('a Redis whose file is cut at the start forgets the last of it, and goes on with the rest', async t => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const shop = await startTaskTree(t, { tasks, redis })
  const gated = await shop.enqueue('gated', 10)
  await shop.run(gated, 'begin')
  await shop.pause('held')
  const [kept, lost] = [await shop.enqueue('held'), await shop.enqueue('held')]
  await redis.kill()
  const folder = join(redis.dir, 'appendonlydir')
  const name = readdirSync(folder).find(each => each.endsWith('.incr.aof')) ?? ''
  cutBehind(join(folder, name), lost)
  await redis.start()

  await shop.resume('held')
  assert.equal(await shop.result(kept), 8)
  assert.deepEqual(await shop.result(lost), { failed: 'TASK_NOT_FOUND' })
  writeFileSync(join(shop.tree.dir, 'gate'), '')
  assert.equal(String(await shop.result(gated)).length, 10)
  assert.equal(shop.runs(gated).length, 2)
})

function isFull(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'STORE_DISK_FULL'
}

/** As one that the owner has taken: a backup cannot be saved there. */
async function keepSnapshot(shop: TaskTree, dir: string): Promise<void> {
  const outside = mkdtempSync(join(tmpdir(), 'saola-backup-'))
  try {
    await using store = shop.openStore()
    await store.command('saola.backup', join(outside, 'last.db'))
    mkdirSync(join(dir, 'snapshots'), { recursive: true })
    for (const name of ['last.db', 'last.db.sha256']) copyFileSync(join(outside, name), join(dir, 'snapshots', name))
  } finally {
    rmSync(outside, { recursive: true })
  }
}

/** In the middle of the first thing that was written of this job. */
function cutBehind(file: string, id: string): void {
  const at = readFileSync(file).indexOf(id)
  assert.ok(at > 0, 'it was written')
  truncateSync(file, at)
}
