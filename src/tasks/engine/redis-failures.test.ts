/** What becomes of tasks when Redis itself is in trouble: an error that says so, and no job lost or run by two. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { until as untilTrue } from '../../../test/support/until.ts'
import { RedisEngine } from '../../store/engines/redis/redis.ts'
import { add, done, enter, fail, newJob, take, takeOne } from './conformance/setup.ts'
import { TaskEngine } from './task-engine.ts'

function tasksOn(t: TestContext, { url }: RedisServer): TaskEngine {
  const engine = new RedisEngine({ url })
  t.after(() => engine.close())
  return new TaskEngine(engine)
}

test('a master that has become a replica refuses all that changes tasks; on the new master all goes on', async t => {
  const args = ['--repl-diskless-sync-delay', '0']
  const [old, next] = [await startRedis(t, { args }), await startRedis(t, { args })]
  const before = tasksOn(t, old)
  await enter(before)
  const first = await add(before)
  const held = await takeOne(before)
  const more = Array.from({ length: 20 }, () => newJob())
  await before.enqueue(more)
  await next.ask('REPLICAOF', '127.0.0.1', String(old.port))
  await untilTrue('the replica has all', async () => {
    return (
      /master_link_status:up/.test(await next.askAll(['INFO', 'replication'])) &&
      (await old.ask('WAIT', '1', '100')) === ':1'
    )
  })
  await next.ask('REPLICAOF', 'NO', 'ONE')
  await old.ask('REPLICAOF', '127.0.0.1', String(next.port))

  const refused = { name: 'StoreError', code: 'STORE_UNAVAILABLE' }
  await assert.rejects(add(before), refused)
  await assert.rejects(done(before, held), refused)
  await assert.rejects(before.orders('w', 60_000, { timeoutMs: 50 }), refused)
  await assert.rejects(before.claim('w', { queues: ['q'], free: 1 }, { timeoutMs: 50 }), refused)

  const after = tasksOn(t, next)
  assert.equal((await after.get(first))?.state, 'active')
  await done(after, held)
  const jobs = await take(after, { free: 100 })
  assert.deepEqual(
    jobs.map(({ id }) => id),
    more.map(({ id }) => id),
  )
})

test('a Redis whose disk takes nothing refuses with an error that says so, and loses nothing', async t => {
  const parent = mkdtempSync(join(tmpdir(), 'saola-disk-'))
  const dir = join(parent, 'data')
  t.after(() => rmSync(parent, { recursive: true, force: true }))
  const redis = await startRedis(t, { args: ['--enable-protected-configs', 'yes'] })
  const tasks = tasksOn(t, redis)
  await enter(tasks)
  const ids = [await add(tasks), await add(tasks)]
  const job = await takeOne(tasks)
  // As a disk that is full: it can write no file there.
  mkdirSync(dir)
  await redis.ask('CONFIG', 'SET', 'dir', dir)
  await redis.ask('CONFIG', 'SET', 'save', '3600 1000000')
  rmSync(dir, { recursive: true })
  await redis.ask('BGSAVE')
  await untilTrue('it cannot save', async () =>
    /rdb_last_bgsave_status:err/.test(await redis.askAll(['INFO', 'persistence'])),
  )

  const full = { name: 'StoreError', code: 'STORE_DISK_FULL' }
  await assert.rejects(add(tasks), full)
  await assert.rejects(done(tasks, job, '1'), full)
  await assert.rejects(tasks.claim('w', { queues: ['q'], free: 1 }, { timeoutMs: 50 }), full)
  assert.deepEqual((await tasks.list({})).jobs.map(({ id }) => id).toReversed(), ids)

  await redis.ask('CONFIG', 'SET', 'dir', parent)
  await redis.ask('BGSAVE')
  await untilTrue('it saves', async () => /rdb_last_bgsave_status:ok/.test(await redis.askAll(['INFO', 'persistence'])))
  await done(tasks, job, '1')
  await fail(tasks, await takeOne(tasks))
  const { done: finished, ready } = await tasks.counts()
  assert.deepEqual([finished, ready], [1, 1])
})
