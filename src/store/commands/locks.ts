/**
 * Locks that end by themselves: a lease, which its holder renews. A lock is a hash with the fields `holder` and `token` and
 * a time to live, so that anybody can look at it; deleting the key takes it away from its holder.
 *
 * Tokens are of one counter of the store, and no less than the clock: whoever holds a lock later has a larger one, also
 * after a snapshot was restored. What a lock guards can refuse those who come with an older token.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, wrongType } from './command-error.ts'
import { bufferOf } from './strings.ts'

export interface Lease {
  readonly entry: Entry
  readonly holder: Buffer
  readonly token: number
}

const holderField = Buffer.from('holder')
const tokenField = Buffer.from('token')

export const locks: readonly Command[] = [
  {
    name: 'saola.lock.acquire',
    summary:
      'Takes a lock for so long, and returns its token; null when it was not free in time. Waits at most wait-ms, 0 for ever, -1 not at all. Who holds it already has its lease renewed. `request` names the wait.',
    usage: 'key holder ttl-ms wait-ms request',
    arity: 5,
    flags: ['write', 'waits'],
    keys: oneKey,
    run: acquire,
  },
  {
    name: 'saola.lock.renew',
    summary: 'Holds a lock for so long from now on: 1, or 0 when somebody else holds it, or nobody.',
    usage: 'key holder ttl-ms',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, holder, ttl]) => {
      const ttlMs = ttlOf(ttl)
      const lease = leaseOf(keyspace, key as Buffer)
      if (!lease?.holder.equals(holder as Buffer)) return 0
      keyspace.expireAt(lease.entry, now + ttlMs)
      return 1
    },
  },
  {
    name: 'saola.lock.release',
    summary: 'Gives a lock back: 1, or 0 when somebody else holds it, or nobody.',
    usage: 'key holder',
    arity: 2,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, holder]) => {
      const lease = leaseOf(keyspace, key as Buffer)
      if (!lease?.holder.equals(holder as Buffer)) return 0
      keyspace.remove(lease.entry)
      return 1
    },
  },
  {
    name: 'saola.lock.holder',
    summary: 'Who holds a lock, its token, and how many milliseconds are left (-1: no end); null when it is free.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace, now }, [key]) => {
      const lease = leaseOf(keyspace, key as Buffer)
      if (!lease) return null
      const { expires } = lease.entry
      return [lease.holder, lease.token, expires === null ? -1 : expires - now]
    },
  },
]

/**
 * Who holds a lock; undefined when it is free.
 *
 * @throws {CommandError} WRONGTYPE when the key is no lock.
 */
export function leaseOf(keyspace: Keyspace, key: Buffer): Lease | undefined {
  const entry = keyspace.findOf(key, keyTypes.hash)
  if (!entry) return undefined
  const holder = fieldOf(keyspace, entry, holderField)
  const token = fieldOf(keyspace, entry, tokenField)
  if (!holder || !token) throw wrongType()
  return { entry, holder, token: integerOf(token) }
}

function acquire({ keyspace, now, owner }: CommandContext, [key, holder, ttl, wait]: readonly Buffer[]): Reply {
  const ttlMs = ttlOf(ttl)
  const waitMs = integerOf(wait)
  const lease = leaseOf(keyspace, key as Buffer)
  if (lease?.holder.equals(holder as Buffer)) {
    keyspace.expireAt(lease.entry, now + ttlMs)
    return lease.token
  }
  const isBehind = owner?.isBehindOthers(key as Buffer) === true
  if (!lease && !isBehind) return grant(keyspace, key as Buffer, holder as Buffer, now + ttlMs)
  if (waitMs < 0 || !owner) return null
  const expires = lease?.entry.expires ?? null
  // The first of those who wait looks again when the lease ends; the others are woken by what it does.
  return owner.waitFor([key as Buffer], waitMs, null, {
    wakeAfterMs: isBehind || expires === null ? undefined : expires - now,
  })
}

function grant(keyspace: Keyspace, key: Buffer, holder: Buffer, expires: number): number {
  const token = nextToken(keyspace)
  const entry = keyspace.create(key, keyTypes.hash)
  const insert = keyspace.sql('INSERT INTO fields (id, field, value, expires) VALUES (?, ?, ?, NULL)')
  insert.run(entry.id, holderField, holder)
  insert.run(entry.id, tokenField, Buffer.from(String(token), 'latin1'))
  keyspace.resize(entry, 2)
  keyspace.expireAt(entry, expires)
  return token
}

/** Outside of all keys: it stays when they are deleted. */
function nextToken(keyspace: Keyspace): number {
  const row = keyspace.sql("SELECT value FROM meta WHERE name = 'lock-token'").get() as unknown as [number] | undefined
  const token = Math.max((row?.[0] ?? 0) + 1, keyspace.now)
  keyspace
    .sql(
      "INSERT INTO meta (name, value) VALUES ('lock-token', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .run(token)
  return token
}

function fieldOf(keyspace: Keyspace, { id }: Entry, field: Buffer): Buffer | undefined {
  const row = keyspace.sql('SELECT value FROM fields WHERE id = ? AND field = ?').get(id, field)
  return row && bufferOf((row as unknown as [Uint8Array])[0])
}

function ttlOf(argument: Buffer | undefined): number {
  const ttlMs = integerOf(argument)
  if (ttlMs <= 0) throw new CommandError('ERR', 'invalid expire time')
  return ttlMs
}
