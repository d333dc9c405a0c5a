/** Finds out what is at an address: one server, or a cluster. */
import type { Redis, RedisOptions } from 'ioredis'
import { connectOne, type Ioredis, isLost, retryMs } from './connect.ts'

export interface Discovered {
  /** Of the node that has answered. */
  readonly options: RedisOptions
  readonly isCluster: boolean
}

export interface DiscoverOptions {
  /** Whether the answer is of no use any more. */
  isOver(): boolean
  onError(error: Error): void
  /** A node is being tried, or after that a pause is made. */
  onTry(redis: Redis, pause: NodeJS.Timeout | undefined): void
}

/** Tries one node after the other until one answers. Undefined when it is over before. */
export async function discover(
  ioredis: Ioredis,
  nodes: readonly RedisOptions[],
  { isOver, onError, onTry }: DiscoverOptions,
): Promise<Discovered | undefined> {
  for (let tries = 0; !isOver(); tries++) {
    const options = nodes[tries % nodes.length] as RedisOptions
    const redis = connectOne(ioredis, options, false)
    redis.on('error', onError)
    onTry(redis, undefined)
    if ((await isReady(redis)) && !isLost(redis)) {
      const info = await redis
        .info('cluster')
        .catch(({ message }: Error) => (message.startsWith('NOPERM') ? '' : undefined))
      redis.disconnect()
      if (info !== undefined) return { options, isCluster: info.includes('cluster_enabled:1') }
    }
    redis.disconnect()
    await new Promise<void>(resolve => {
      onTry(redis, setTimeout(resolve, retryMs(1 + Math.floor(tries / nodes.length))))
    })
  }
  return undefined
}

function isReady(redis: Redis): Promise<boolean> {
  return new Promise(resolve => {
    redis.once('ready', () => resolve(true))
    redis.once('end', () => resolve(false))
  })
}
