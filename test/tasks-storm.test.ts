// Promise 2 of tasks, made smaller; `npm run bench:tasks -- storm` has it in full, by SAOLA_STORM.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startRedis } from './support/redis-server.ts'
import { type Aftermath, concurrency, openStage, processes, type Storm, storm } from './support/task-storm.ts'
import { durable } from './support/task-tree.ts'

const small: Storm = { jobs: 600, workerKills: 4, apartMs: 200, ownerKills: 2, treeKills: 1 }
const size: Storm = process.env.SAOLA_STORM ? JSON.parse(process.env.SAOLA_STORM) : small
// What a tree that was killed had is given to others when its leases have ended.
const lease = process.env.SAOLA_STORM ? undefined : '5s'

test('workers, the owner and the whole tree are killed again and again: every acknowledged job is done, and few run twice', async t => {
  check(t, await storm(await openStage(t, {}), size), size)
})

test('the same on Redis, whose server is killed instead of an owner', async t => {
  const redis = await startRedis(t, { args: durable })
  check(t, await storm(await openStage(t, { redis, ...(lease && { lease }) }), size), size)
})

function check(t: TestContext, aftermath: Aftermath, { jobs, workerKills, ownerKills, treeKills }: Storm): void {
  const { acknowledged, refused, runs, workersKilled, ownersKilled, treesKilled, counts, seconds } = aftermath
  const timesRun = Map.groupBy(runs, ({ id }) => id)
  const duplicates = runs.length - timesRun.size
  t.diagnostic(
    `${acknowledged.size} jobs, ${refused} refused, ${duplicates} runs more than jobs; ` +
      `${workersKilled} workers, ${ownersKilled} owners and ${treesKilled} trees killed; ${seconds.toFixed(1)} s`,
  )
  assert.equal(workersKilled, workerKills)
  assert.equal(ownersKilled, ownerKills)
  assert.equal(treesKilled, treeKills)
  assert.deepEqual(
    [...acknowledged].filter(id => !timesRun.has(id)),
    [],
    'acknowledged and never run',
  )
  // What was refused may have been taken all the same: nobody knows when its answer was lost.
  const { done = 0, ...others } = counts
  assert.ok(done >= acknowledged.size && done <= jobs, `${done} done, ${acknowledged.size} acknowledged`)
  assert.deepEqual(Object.values(others).filter(Boolean), [], JSON.stringify(others))
  // No handler fails, and who loses its worker has not used up an attempt.
  assert.deepEqual(
    runs.filter(({ attempt }) => attempt !== 1),
    [],
  )
  const most = (workersKilled + treesKilled * processes) * concurrency + ownersKilled * processes * concurrency
  assert.ok(duplicates <= most, `${duplicates} runs more than jobs, at most ${most} were to be`)
  assert.ok(duplicates > 0, 'nobody was killed in the middle of a job')
}
