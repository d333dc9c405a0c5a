import { after } from 'node:test'
import { startRedisCluster } from '../../../test/support/redis-server.ts'
import { openOnRedis } from '../../store/conformance/open-on-redis.ts'
import { taskConformance } from './conformance/conformance.ts'

const cluster = startRedisCluster({ after: close => after(close as () => Promise<void>) })

taskConformance('the engine on a cluster of Redis', async (t, limits) => {
  const { url, nodes } = await cluster
  return openOnRedis(t, { url, pid: nodes[0]?.pid }, limits, 6)
})
