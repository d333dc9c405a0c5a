import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fairMs } from './support/busy-machine.ts'
import { startTaskTree, type TaskTree, testOnBothEngines } from './support/task-tree.ts'
import { signalProcess } from './support/tree-processes.ts'

const tasks = `
import { existsSync } from 'node:fs'
const gated = noted(async (_, { id }) => {
  while (!existsSync(id)) await pause(20)
  return process.pid
})
export const slow = defineTask({ id: 'slow', run: gated })
export const lone = defineTask({ id: 'lone', queue: 'lone', run: gated })
export const crash = defineTask({
  id: 'crash',
  retry: { attempts: 2, min: '10ms' },
  run: noted(async (_, { attempt }) => {
    if (attempt === 1) setTimeout(() => { throw new Error('behind a timer') }, 20)
    await pause(attempt === 1 ? 60_000 : 0)
    return attempt
  }),
})
`

// Nobody waits for a lease: that would end when the test has failed long since.
const lease = '10m'
// Two processes share the work of `io`; `lone` has one, which has to start again first.
const pools = { io: { processes: 2 }, cpu: { processes: 1 }, lone: { processes: 1, queues: ['lone'] } }

testOnBothEngines(
  'a job whose process is killed runs again at once in another one, and who waits gets its result',
  async (t, redis) => {
    const shop = await startTaskTree(t, { tasks, options: { pools, lease }, redis, pools: ['io', 'lone'] })
    await shop.process('io', 1)
    for (const task of ['slow', 'lone']) {
      const id = await shop.enqueue(task)
      const result = shop.result(id)
      const { pid } = await shop.run(id, 'begin')
      const since = shop.tree.lines.length
      const killedAt = performance.now()
      signalProcess(pid, 'SIGKILL')
      endOf(shop, id)
      const again = await shop.run(id, 'begin', 2)
      const afterMs = performance.now() - killedAt
      assert.notEqual(again.pid, pid)
      assert.equal(await result, again.pid)
      const { attempt, interruptions } = await shop.job(id)
      assert.deepEqual([attempt, interruptions], [1, 1])
      const { bootMs } = await shop.tree.waitForEvent('tasks.ready', {}, { since })
      t.diagnostic(`${task}: again after ${Math.round(afterMs)} ms; the next process was ready in ${bootMs} ms`)
      // `npm run bench:tasks` measures how soon: it must not be something else that had to end first.
      assert.ok(afterMs <= (redis ? 20_000 : fairMs(5_000)), `${Math.round(afterMs)} ms`)
    }
  },
)

test('a handler that throws where nobody catches it has failed, and the jobs beside it have not even been interrupted', async t => {
  const shop = await startTaskTree(t, { tasks })
  const beside = await shop.enqueue('slow')
  await shop.run(beside, 'begin')
  const crash = await shop.enqueue('crash')
  assert.equal(await shop.result(crash), 2)
  endOf(shop, beside)
  await shop.result(beside)
  assert.equal((await shop.job(crash)).attempt, 2)
  assert.deepEqual([(await shop.job(beside)).attempt, (await shop.job(beside)).interruptions], [1, 0])
  await shop.tree.waitForEvent('tasks.crashed', { id: crash, error: 'behind a timer' })
})

/** What waits for it may end. */
function endOf(shop: TaskTree, id: string): void {
  writeFileSync(join(shop.tree.dir, id), '')
}
