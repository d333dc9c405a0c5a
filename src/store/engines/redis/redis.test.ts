import { after } from 'node:test'
import { startRedis } from '../../../../test/support/redis-server.ts'
import { conformance } from '../../conformance/conformance.ts'
import { openOnRedis } from '../../conformance/open-on-redis.ts'

const server = startRedis({ after: close => after(close as () => Promise<void>) })

conformance('the engine on a server of Redis', async (t, limits) => openOnRedis(t, await server, limits, 20))
