import { after } from 'node:test'
import { startRedisCluster } from '../../../../test/support/redis-server.ts'
import { conformance } from '../../conformance/conformance.ts'
import { RedisEngine } from './redis.ts'

const cluster = startRedisCluster({ after: close => after(close as () => Promise<void>) })

conformance('the engine on a cluster of Redis', async (t, limits) => {
  const { url, nodes } = await cluster
  const engines: RedisEngine[] = []
  const openOther = () => {
    const valueBytesMax = limits?.valueBytesMax
    const engine = new RedisEngine({ url, ...(valueBytesMax === undefined ? {} : { valueBytesMax }) })
    engines.push(engine)
    return engine
  }
  t.after(async () => {
    await Promise.allSettled(engines.map(engine => engine.call(['dbsize'])))
    await Promise.all(engines.map(engine => engine.close()))
  })
  const engine = openOther()
  await engine.call(['flushall'])
  const pid = nodes[0]?.pid
  return { engine, openOther, runs: 20, differs: ['no limit of keys', 'lists are copied'], pid }
})
