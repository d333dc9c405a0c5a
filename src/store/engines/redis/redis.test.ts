import { after } from 'node:test'
import { startRedis } from '../../../../test/support/redis-server.ts'
import { conformance } from '../../conformance/conformance.ts'
import { RedisEngine } from './redis.ts'

const server = startRedis({ after: close => after(close as () => Promise<void>) })

conformance('the engine on a server of Redis', async (t, limits) => {
  const { url, pid } = await server
  const engines: RedisEngine[] = []
  const openOther = () => {
    const valueBytesMax = limits?.valueBytesMax
    const engine = new RedisEngine({ url, ...(valueBytesMax === undefined ? {} : { valueBytesMax }) })
    engines.push(engine)
    return engine
  }
  t.after(async () => {
    // What was sent is carried out before the next test begins.
    await Promise.allSettled(engines.map(engine => engine.call(['ping'])))
    await Promise.all(engines.map(engine => engine.close()))
  })
  const engine = openOther()
  await engine.call(['flushall'])
  return { engine, openOther, runs: 40, differs: ['no limit of keys', 'lists are copied'], pid }
})
