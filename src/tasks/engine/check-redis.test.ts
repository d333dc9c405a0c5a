import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startRedis, startRedisCluster } from '../../../test/support/redis-server.ts'
import { MemoryEngine } from '../../store/engines/memory.ts'
import { RedisEngine } from '../../store/engines/redis/redis.ts'
import { checkRedis } from './check-redis.ts'

function engineAt(t: TestContext, url: string): RedisEngine {
  const engine = new RedisEngine({ url })
  t.after(() => engine.close())
  return engine
}

test('a Redis that drops keys, and one without a journal, are named; one that is as it should be is not', async t => {
  const redis = await startRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const engine = engineAt(t, redis.url)
  const [eviction, journal, ...others] = await checkRedis(engine)
  assert.match(String(eviction), /maxmemory-policy allkeys-lru.*noeviction/)
  assert.match(String(journal), /appendonly no.*Set appendonly yes/)
  assert.deepEqual(others, [])
  await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes')
  assert.deepEqual(await checkRedis(engine), [])
})

test('of a cluster one server that is wrong is enough', async t => {
  const { nodes, url } = await startRedisCluster(t, { args: ['--appendonly', 'yes'] })
  const engine = engineAt(t, url)
  assert.deepEqual(await checkRedis(engine), [])
  await nodes[1]?.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
  const problems = await checkRedis(engine)
  assert.equal(problems.length, 1)
  assert.match(String(problems[0]), /volatile-lru/)
})

test('who may not ask is told so, and a store on this machine has nothing to complain about', async t => {
  const redis = await startRedis(t)
  await redis.ask('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info')
  const problems = await checkRedis(engineAt(t, redis.url.replace('//', '//app:secret@')))
  assert.match(String(problems), /\+info/)
  const memory = new MemoryEngine({})
  t.after(() => memory.close())
  assert.deepEqual(await checkRedis(memory), [])
})
