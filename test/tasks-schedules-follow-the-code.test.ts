import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTaskTree, type TaskTree } from './support/task-tree.ts'
import { until } from './support/until.ts'

const tasks = `
import { schedule, scheduledFor } from 'saola/tasks'
const tick = defineTask({ id: 'tick', run: ({ name }, context) => note(name, scheduledFor(context).slot.toISOString()) })
export const kept = schedule('kept', { every: '200ms', overlap: 'allow' }, tick, { name: 'kept' })
export const gone = schedule('gone', { every: '200ms', overlap: 'allow' }, tick, { name: 'gone' })
export { tick }
`

test('schedules of tasks.dir run in a tree, each slot once, until a reload brings code without them', async t => {
  const shop = await startTaskTree(t, { tasks, options: { pools: { io: { processes: 2 }, cpu: { processes: 1 } } } })
  await slotsOf(shop, 'kept', 5)
  await slotsOf(shop, 'gone', 5)
  const file = join(shop.tree.dir, 'tasks', 'work.mjs')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^export const gone.*\n/m, ''))
  const reloaded = shop.tree.waitForEvent('reload.done', {}, { since: shop.tree.lines.length })
  const removed = shop.tree.waitForEvent('schedule.removed', { name: 'gone' })
  shop.tree.signal('SIGHUP')
  await Promise.all([reloaded, removed])
  const removedAt = new Date().toISOString()
  const before = shop.runs().filter(({ what }) => what === 'kept').length
  const kept = await slotsOf(shop, 'kept', before + 5)
  assert.equal(new Set(kept).size, kept.length, 'No slot runs twice.')
  const gone = await slotsOf(shop, 'gone', 0)
  assert.equal(new Set(gone).size, gone.length)
  assert.deepEqual(
    gone.filter(slot => slot > removedAt),
    [],
    'What is gone from the code runs no longer.',
  )
  assert.equal((await shop.tree.stop()).code, 0)
})

/** As soon as there are so many. */
function slotsOf(shop: TaskTree, name: string, count: number): Promise<string[]> {
  return until(`${name} has run ${count} times`, () => {
    const slots = shop.runs().filter(({ what }) => what === name)
    return slots.length >= count && slots.map(({ id }) => id)
  })
}
