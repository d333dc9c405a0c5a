import type { TestContext } from 'node:test'
import type { StoreLimits } from '../commands/command.ts'
import { RedisEngine } from '../engines/redis/redis.ts'
import type { Opened } from './setup.ts'

export interface ServerOfSuite {
  readonly url: string
  readonly pid: number | undefined
}

/** For the suite: engines on an emptied server or cluster. `runs` are those of a property. */
export async function openOnRedis(
  t: TestContext,
  { url, pid }: ServerOfSuite,
  limits: Partial<StoreLimits> | undefined,
  runs: number,
): Promise<Opened> {
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
  return {
    engine,
    openOther,
    runs,
    differs: ['no limit of keys', 'lists are copied'],
    ...(pid !== undefined && { pid }),
  }
}
