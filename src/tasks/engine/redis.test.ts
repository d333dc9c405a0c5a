import { after } from 'node:test'
import { startRedis } from '../../../test/support/redis-server.ts'
import { openOnRedis } from '../../store/conformance/open-on-redis.ts'
import { taskConformance } from './conformance/conformance.ts'

const server = startRedis({ after: close => after(close as () => Promise<void>) })

taskConformance('the engine on a server of Redis', async (t, limits) => openOnRedis(t, await server, limits, 12))
