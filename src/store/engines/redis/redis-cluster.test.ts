import { after } from 'node:test'
import { startRedisCluster } from '../../../../test/support/redis-server.ts'
import { conformance } from '../../conformance/conformance.ts'
import { openOnRedis } from '../../conformance/open-on-redis.ts'

const cluster = startRedisCluster({ after: close => after(close as () => Promise<void>) })

conformance('the engine on a cluster of Redis', async (t, limits) => {
  const { url, nodes } = await cluster
  return openOnRedis(t, { url, pid: nodes[0]?.pid }, limits, 8)
})
