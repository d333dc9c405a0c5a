import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startRedis } from './support/redis-server.ts'
import { durable, endedIn, startTaskTree, type TaskTree } from './support/task-tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const tasks = `
export const slow = defineTask({ id: 'slow', run: noted(() => pause(2_000)) })
export const quick = defineTask({ id: 'quick', run: noted(() => 1) })
`
const running = 10
const clients = 8
// An enqueue waits for five seconds, and a little longer before it counts as late.
const lateMs = 6_000
// Longer than an enqueue waits, shorter than a lease.
const outageMs = 7_000

test('the owner is killed under requests that enqueue: no web worker ends, and running jobs are not run again (embedded)', async t => {
  const shop = await startTaskTree(t, { tasks, config: twoWorkers })
  await outlives(t, shop, async () => {
    for (let kills = 0; kills < 3; kills++) {
      const { children } = await shop.tree.status()
      const owner = children.find(({ kind, state }) => kind === 'store' && state === 'RUNNING')
      if (owner?.pid !== undefined) signalProcess(owner.pid, 'SIGKILL')
      // Others enqueue meanwhile, at the next owner or before it is there.
      await pause(300)
    }
  })
})

test('redis-server is away for longer than an enqueue waits: it fails typed, and running jobs are not run again', async t => {
  const redis = await startRedis(t, { args: durable })
  const shop = await startTaskTree(t, { tasks, config: { ...twoWorkers, store: { url: redis.url } } })
  const { failed } = await outlives(t, shop, async () => {
    await redis.kill()
    await pause(outageMs)
    await redis.start()
  })
  assert.ok(failed > 0, 'nobody has noticed')
})

const twoWorkers = {
  apps: { web: { app: './app.mjs', listen: 'unix:./web.sock', env: { RUNS: 'runs.log' }, workers: 2 } },
}

async function outlives(t: TestContext, shop: TaskTree, outage: () => Promise<void>): Promise<{ failed: number }> {
  const before = await webWorkers(shop)
  assert.equal(before.length, 2)
  const slow = await shop.enqueueMany('slow', running)
  for (const id of slow) await shop.run(id, 'begin')

  const acknowledged: string[] = []
  const codes = new Map<string, number>()
  let longestMs = 0
  let late = 0
  let isOver = false
  const client = async () => {
    while (!isOver) {
      const askedAt = performance.now()
      const { id, failed, isLate } = await shop.tryEnqueue('quick', lateMs)
      longestMs = Math.max(longestMs, performance.now() - askedAt)
      if (isLate) late++
      if (id !== undefined) acknowledged.push(id)
      else codes.set(String(failed), (codes.get(String(failed)) ?? 0) + 1)
      await pause(20)
    }
  }
  const load = Promise.all(Array.from({ length: clients }, client))
  await outage()
  // It serves again: the next one is taken, and run.
  const next = await shop.enqueue('quick')
  isOver = true
  await load
  await until('all that was taken has run', () => {
    const ended = endedIn(shop.runs())
    return [...acknowledged, ...slow, next].every(id => ended.has(id))
  })

  const failed = [...codes.values()].reduce((sum, count) => sum + count, 0)
  t.diagnostic(
    `${acknowledged.length} taken, ${failed} failed ${[...codes.keys()]}; the longest took ${Math.round(longestMs)} ms`,
  )
  assert.deepEqual(
    [...codes.keys()].filter(code => !/^(STORE_(UNAVAILABLE|TIMEOUT|BUSY)|TASK_TIMEOUT)$/.test(code)),
    [],
  )
  assert.equal(late, 0, `the longest took ${Math.round(longestMs)} ms`)
  assert.deepEqual(await webWorkers(shop), before)
  const begun = Map.groupBy(
    shop.runs().filter(({ what }) => what === 'begin'),
    ({ id }) => id,
  )
  assert.deepEqual(
    slow.map(id => begun.get(id)?.length),
    slow.map(() => 1),
    'each once',
  )
  return { failed }
}

async function webWorkers(shop: TaskTree): Promise<(number | undefined)[]> {
  const { children } = await shop.tree.status()
  return children.filter(({ name, state }) => name.startsWith('web:') && state === 'RUNNING').map(({ pid }) => pid)
}
