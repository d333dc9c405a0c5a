/** Redis tells of changes of keys only if its setting `notify-keyspace-events` says so, which is empty by default. */
import type { Redis } from 'ioredis'
import { StoreError } from '../../store-error.ts'
import type { RedisContext } from './context.ts'

// What is told in the channels of keys: all kinds of commands, what expires and what is evicted.
const wanted = 'KA'
const kinds = 'g$lshztxed'

/**
 * Lets these servers tell of changes of keys; what they tell already, they go on to tell.
 *
 * @throws {StoreError} STORE_UNSUPPORTED when it is not so, and this user may not set it.
 */
export async function tellOfKeys(masters: readonly Redis[]): Promise<void> {
  await Promise.all(masters.map(tell))
}

async function tell(redis: Redis): Promise<void> {
  let now: string
  try {
    now = String(((await redis.config('GET', 'notify-keyspace-events')) as string[])[1] ?? '')
    if (isEnough(now)) return
    await redis.config('SET', 'notify-keyspace-events', `${now}${wanted}`)
  } catch (error) {
    const { message } = error as Error
    // Redis has answered; else it is a matter of the connection.
    if (!/^(?:ERR|NOPERM)/.test(message)) throw error
    const advice = `set notify-keyspace-events to "${wanted}" in its configuration, or permit CONFIG to the user`
    throw new StoreError('STORE_UNSUPPORTED', `Redis does not tell of changes of keys: ${advice} (${message}).`, {
      cause: error,
    })
  }
}

/** Where Redis tells of changes of a key: the message is what was done. */
export async function channelOfKey({ link }: RedisContext, key: string): Promise<string> {
  const [master] = await link.masters()
  return `__keyspace@${master?.options.db ?? 0}__:${key}`
}

function isEnough(flags: string): boolean {
  return flags.includes('K') && (flags.includes('A') || [...kinds].every(kind => flags.includes(kind)))
}
