import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRedis } from './support/redis-server.ts'
import { startTaskTree } from './support/task-tree.ts'
import { until } from './support/until.ts'

const tasks = `export const double = defineTask({ id: 'double', run: n => n * 2 })`

test('a Redis that may lose tasks works, and is warned of at the start', async t => {
  const redis = await startRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const shop = await startTaskTree(t, { tasks, config: { store: { url: redis.url } } })
  assert.equal(await shop.result(await shop.enqueue('double', 21)), 42)
  const warnings = () => shop.tree.lines.filter(line => line.includes('tasks.unsafe'))
  const [first, second] = await until('both warnings', () => (warnings().length >= 2 ? warnings() : undefined))
  assert.match(`${first} ${second}`, /maxmemory-policy noeviction.*appendonly yes/)
})
