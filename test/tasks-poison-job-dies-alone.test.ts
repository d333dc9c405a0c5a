import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { endedIn, startTaskTree, testOnBothEngines } from './support/task-tree.ts'

// It kills its process until somebody has mended it.
const tasks = `
import { existsSync } from 'node:fs'
export const good = defineTask({ id: 'good', run: noted(() => pause(20)) })
export const slow = defineTask({ id: 'slow', run: noted(() => pause(200)) })
export const poison = defineTask({ id: 'poison', run: noted(async text => {
  if (existsSync('mended')) return text
  await pause(10)
  process.kill(process.pid, 'SIGKILL')
  await pause(60_000)
}) })
`
const good = 500
const input = { path: '/a', bytes: [1, 2, 3] }

testOnBothEngines(
  'a job that kills its process three times is dead, those beside it are not, and it can be tried again',
  async (t, redis) => {
    const shop = await startTaskTree(t, { tasks, redis })
    // Beside it from its first run on, and still there whenever it comes again.
    const beside = await shop.enqueueMany('slow', 3)
    const before = await shop.enqueueMany('good', 20)
    const poison = await shop.enqueue('poison', input)
    const after = await shop.enqueueMany('good', good - before.length - beside.length)
    // One after the other: each time a process has to start.
    for (let run = 1; run <= 3; run++) await shop.run(poison, 'begin', run)
    assert.deepEqual(await shop.result(poison), { failed: 'TASK_DEAD', cause: 'WORKER_LOST' })
    const dead = await shop.job(poison)
    assert.deepEqual([dead.state, dead.attempt, dead.interruptions], ['dead', 0, 3])
    assert.deepEqual(JSON.parse(dead.payload), input)
    assert.equal(shop.runs(poison).length, 3)
    const pids = shop.runs(poison).map(({ pid }) => pid)
    assert.equal(new Set(pids).size, 3)

    const others = [...beside, ...before, ...after]
    const counts = await shop.finished(good + 1)
    assert.deepEqual(counts, { done: good, dead: 1 })
    const runs = shop.runs()
    const ended = endedIn(runs)
    assert.deepEqual(
      others.filter(id => !ended.has(id)),
      [],
    )
    // The last time it was alone: nobody beside it had begun and not ended.
    const last = runs.findLastIndex(({ id }) => id === poison)
    const beganBeside = runs.slice(0, last).filter(({ pid, id }) => pid === pids[2] && id !== poison)
    assert.equal(
      beganBeside.filter(({ what }) => what === 'begin').length,
      beganBeside.filter(({ what }) => what === 'end').length,
    )

    writeFileSync(`${shop.tree.dir}/mended`, '')
    assert.equal(await shop.retry(poison), 1)
    assert.deepEqual(await shop.result(poison), input)
    assert.deepEqual(await shop.finished(good + 1), { done: good + 1 })
  },
)
