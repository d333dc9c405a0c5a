/** Time on Redis: its own silence, and a clock that is set. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { until as untilTrue } from '../../../test/support/until.ts'
import { RedisEngine } from '../../store/engines/redis/redis.ts'
import { add, enter, take, takeOne } from './conformance/setup.ts'
import { TaskEngine, taskKey } from './task-engine.ts'

async function open(t: TestContext): Promise<{ redis: RedisServer; tasks: TaskEngine }> {
  const redis = await startRedis(t)
  const engine = new RedisEngine({ url: redis.url })
  t.after(() => engine.close())
  return { redis, tasks: new TaskEngine(engine) }
}

test('while Redis itself stood still, no lease ended: who comes back in five seconds keeps its jobs, and nobody else', async t => {
  const { redis, tasks } = await open(t)
  const [id, lost] = [await add(tasks), await add(tasks)]
  await enter(tasks, 'w')
  await enter(tasks, 'gone')
  assert.equal((await takeOne(tasks)).id, id)
  assert.equal((await takeOne(tasks, { worker: 'gone' })).id, lost)
  // As it is when the server goes on after ten seconds, in which all leases were over.
  const over = String(Date.now() - 5_000)
  await redis.ask('ZADD', `${taskKey}:timers`, over, 'sw')
  await redis.ask('ZADD', `${taskKey}:timers`, over, 'sgone')
  await redis.ask('SET', `${taskKey}:seen`, String(Date.now() - 10_000))

  assert.notEqual(await tasks.orders('w', 60_000, { timeoutMs: 10 }), undefined)
  assert.deepEqual([(await tasks.get(id))?.state, (await tasks.get(lost))?.state], ['active', 'active'])
  // Once: from now on time counts again.
  assert.equal((await takeOne(tasks, { timeoutMs: 20_000 })).id, lost)
  assert.equal((await tasks.get(id))?.interruptions, 0)
})

test('a clock of Redis that is set back lengthens no lease, and lets nobody wait for times of before', async t => {
  const { redis, tasks } = await open(t)
  const hourMs = 3_600_000
  const id = await add(tasks)
  await enter(tasks, 'w', {}, 3_000)
  await enter(tasks, 'x')
  await takeOne(tasks)
  await tasks.orders('x', 60_000, { timeoutMs: 10 })
  const rate = { key: 'k', count: 1, periodMs: 100, burst: 1 }
  await add(tasks, { rate })
  await takeOne(tasks, { worker: 'x' })
  // As it is for a server whose clock was an hour ahead until now.
  await redis.ask('ZINCRBY', `${taskKey}:timers`, String(hourMs), 'sw')
  await redis.ask('SET', `${taskKey}:clock`, String(Date.now() + hourMs))
  const owed = `100000 ${(Date.now() + hourMs) * 1000}`
  await redis.ask('SET', `${taskKey}:rate:k`, owed, 'PX', String(hourMs))

  await tasks.orders('x', 60_000, { timeoutMs: 10 })
  const later = await add(tasks, { rate })
  const claimed = new Set<string>()
  await untilTrue('both have begun', async () => {
    for (const job of await take(tasks, { worker: 'x', free: 5, timeoutMs: 500 })) claimed.add(job.id)
    return claimed.size === 2
  })
  assert.deepEqual(claimed, new Set([id, later]))
})
