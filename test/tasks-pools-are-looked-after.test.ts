import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTasks } from '../src/tasks.ts'
import { startTaskTree, type TaskTree } from './support/task-tree.ts'
import { until } from './support/until.ts'

const tasks = `
export const mail = defineTask({ id: 'mail', queue: 'mail', run: noted(() => pause(30)) })
export const image = defineTask({ id: 'image', queue: 'images', run: noted(async () => {
  globalThis.kept = Buffer.alloc(300 * 1024 ** 2, 1)
  // It is measured every second.
  await pause(1_500)
}) })
export const fill = defineTask({ id: 'fill', run: async count =>
  (await mail.enqueueMany(Array(count).fill())).map(({ id }) => id) })
`
const options = {
  pools: {
    io: { processes: 1 },
    cpu: { processes: 1 },
    letters: { processes: 1, concurrency: 4, queues: ['mail'] },
    large: { processes: 1, queues: ['images'] },
  },
  recycle: { jobs: 60, memory: { soft: '260MB' } },
}
const count = 300

test('a pool of the configuration is scaled, restarted, paused and recycled, and runs each job once', async t => {
  const shop = await startTaskTree(t, { tasks, options, pools: ['io', 'letters', 'large'] })
  await using store = shop.openStore()
  const tasksThere = openTasks(store)
  await tasksThere.counts()
  const image = await shop.enqueue('image')
  const first = await shop.process('letters')
  const fill = await shop.enqueue('fill', count)
  const ids = (await shop.result(fill)) as string[]

  await until('some have begun', () => begunOf(shop, ids) >= 20)
  await tasksThere.pause('mail')
  const active = async () => (await tasksThere.list({ task: 'mail', states: ['active'] })).jobs
  await until('what was active has ended', async () => (await active()).length === 0)
  const begun = begunOf(shop, ids)
  assert.ok(begun < count, `${begun} have begun`)
  // Who comes anew knows of the pause as well.
  await shop.tree.control('scale', { target: 'tasks:letters', workers: '2' })
  const added = await shop.process('letters', 1)
  await shop.tree.control('restart', { target: 'tasks:letters' })
  const replaced = (index: number, pid: number | undefined) =>
    until(`number ${index} is replaced`, async () => {
      const process = await shop.process('letters', index)
      return process.pid !== pid && process
    })
  const [next, second] = [await replaced(0, first.pid), await replaced(1, added.pid)]
  assert.equal(begunOf(shop, ids), begun)
  await tasksThere.resume('mail')
  const all = [fill, image, ...ids]
  assert.deepEqual(await shop.finished(all.length), { done: all.length })

  const runs = shop.runs().filter(({ id }) => ids.includes(id))
  assert.equal(runs.length, 2 * count, 'Each of them ran once.')
  const pids = new Set(runs.map(({ pid }) => pid))
  assert.ok(pids.has(first.pid) && pids.has(next.pid) && pids.has(second.pid))
  // In the pool that lists its queue and in no other.
  const others = [await shop.process('io'), await shop.process('large')].map(({ pid }) => pid)
  assert.deepEqual(
    others.filter(pid => pids.has(pid)),
    [],
  )
  await shop.tree.waitForEvent('tasks.stopping', { name: /^tasks:letters:/, reason: '60 jobs' })
  const { pid } = await shop.run(image, 'end')
  await shop.tree.waitForEvent('tasks.stopping', { pid, reason: /^memory \d+MB$/ })
  assert.equal(shop.runs(image).length, 2, 'It was allowed to end.')
})

function begunOf(shop: TaskTree, ids: readonly string[]): number {
  return shop.runs().filter(({ id, what }) => what === 'begin' && ids.includes(id)).length
}
