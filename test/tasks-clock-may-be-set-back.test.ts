import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFakeClock } from './support/fake-clock.ts'
import { startTaskTree } from './support/task-tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const tasks = `
import { existsSync } from 'node:fs'
export const now = defineTask({ id: 'now', run: () => Date.now() })
export const gated = defineTask({ id: 'gated', run: noted(async () => {
  while (!existsSync('gate')) await pause(20)
  return process.pid
}) })
export const later = defineTask({ id: 'later', run: noted(() => {}) })
export const delay = defineTask({ id: 'delay', run: async ms => (await later.enqueue(undefined, { delay: ms / 1000 })).id })
export const slowly = defineTask({ id: 'slowly', rateLimit: { limit: 2, per: '500ms', burst: 1 }, run: () => 1 })
`
const hour = 3_600

// A redis-server cannot be given another clock this way: see src/tasks/engine/redis-own.test.ts for what it does then.
test('a wall clock that is set back an hour stops nothing and loses nothing', async t => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-clock-')))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = makeFakeClock(t, folder)
  if (!clock) return
  const options = { lease: '2s', timeout: 0, pools: { io: { processes: 2 }, cpu: { processes: 1 } } }
  const shop = await startTaskTree(t, { tasks, options, env: clock.env })
  await shop.process('io', 1)
  const [running, stopped] = [await shop.enqueue('gated'), await shop.enqueue('gated')]
  const waiting = String(await shop.result(await shop.enqueue('delay', 600_000)))
  const { pid } = await shop.run(stopped, 'begin')
  await shop.run(running, 'begin')
  // Together: those that come too early are given times.
  const slow = await Promise.all([1, 2, 3].map(() => shop.enqueue('slowly')))
  for (const id of slow) await shop.result(id)

  const before = Number(await shop.result(await shop.enqueue('now')))
  // It does not renew its lease any more: that would end in an hour by the new clock.
  signalProcess(pid, 'SIGSTOP')
  t.after(() => signalProcess(pid, 'SIGCONT'))
  clock.set(-hour)
  await until('the store has the new clock', async () => {
    const { created } = await shop.job(await shop.enqueue('now'))
    return created < before - (hour * 1000) / 2
  })
  assert.equal(await shop.result(await shop.enqueue('slowly')), 1)
  const again = await shop.run(stopped, 'begin', 2)
  assert.notEqual(again.pid, pid)
  writeFileSync(join(shop.tree.dir, 'gate'), '')
  assert.equal(await shop.result(stopped), again.pid)
  await shop.result(running)
  // What was given a time waits for it, by whatever clock: it is not early, and it is there when that comes.
  assert.equal((await shop.job(waiting)).state, 'scheduled')
  clock.set(hour)
  await shop.run(waiting, 'end')
  assert.equal((await shop.job(waiting)).attempt, 1)
})
