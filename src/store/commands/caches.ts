/**
 * Caches: a hash of entries, whose least recently used ones go when there is no room.
 *
 * An entry begins with a line of JSON, `[fresh until, tag, version, tag, version …]`, and its value follows. A tag is
 * invalidated by counting its version up, in a hash beside the cache: an entry with another version is as good as absent.
 * When entries were used, and how large they are, stands in the table `uses`; `cache_sizes` is their sum, kept by triggers.
 *
 * Whoever computes a value for a while says which versions he has seen before, and which lock he holds: if a version has
 * changed meanwhile, or the lock was lost, what he has computed is not kept, because it may be older than the change.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { leaseOf } from './locks.ts'
import { bufferOf } from './strings.ts'

const { hash } = keyTypes
const newline = 0x0a
// What a row, its indexes and its use take beside the bytes of the entry; about.
const overheadBytes = 100
const evictedAtOnce = 100

/** The tag that every entry has: counted up when the cache is cleared. */
const wholeCache = ''

type Header = readonly [freshUntil: number, ...tags: (string | number)[]]

export const caches: readonly Command[] = [
  {
    name: 'saola.cache.get',
    summary: 'An entry: 1 when it is fresh or 0 when its grace has begun, and its value; null when it is absent.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, field]) => {
      const bytes = readField(keyspace, keyspace.findOf(key as Buffer, hash), field as Buffer)
      if (!bytes) return null
      const end = bytes.indexOf(newline)
      const [freshUntil, ...tags] = headerOf(bytes, end)
      if (!isCurrent(keyspace, key as Buffer, tags)) return null
      return [freshUntil === 0 || freshUntil > now ? 1 : 0, bytes.subarray(end + 1)]
    },
  },
  {
    name: 'saola.cache.versions',
    summary: 'The versions of tags, and before them the one of the whole cache.',
    usage: 'key [tag …]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...tags]) => {
      const entry = tagsOf(keyspace, key as Buffer)
      return [wholeCache, ...tags.map(String)].map(tag => versionOf(keyspace, entry, tag))
    },
  },
  {
    name: 'saola.cache.set',
    summary:
      'Keeps an entry, fresh for ttl-ms (0: for ever) and for grace-ms behind that: 1, or 0 when `lock` is not held by `holder` (-: it is taken away from whoever holds it), or a version is not the present one (-: whichever). Then evicts what is above the limits (0: none).',
    usage: 'key field value ttl-ms grace-ms entries-max bytes-max lock holder [tag version …]',
    arity: -9,
    flags: ['write'],
    keys: oneKey,
    run: setEntry,
  },
  {
    name: 'saola.cache.delete',
    summary: 'Deletes entries, and the locks of those who compute them; returns how many entries there were.',
    usage: 'key field lock [field lock …]',
    arity: -3,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...pairs]) => {
      if (pairs.length % 2 !== 0) throw syntaxError()
      const entry = keyspace.findOf(key as Buffer, hash)
      const locks = pairs.filter((_, i) => i % 2 === 1).map(lock => leaseOf(keyspace, lock)?.entry)
      let deleted = 0
      for (let i = 0; i < pairs.length && entry; i += 2) if (drop(keyspace, entry, pairs[i] as Buffer)) deleted++
      for (const lock of locks) if (lock) keyspace.remove(lock)
      return deleted
    },
  },
  {
    name: 'saola.cache.clear',
    summary: 'Deletes all entries, and lets nothing be kept that is computed now.',
    usage: 'key',
    arity: 1,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      invalidate(keyspace, key as Buffer, wholeCache)
      if (entry) keyspace.remove(entry)
      return entry?.size ?? 0
    },
  },
  {
    name: 'saola.cache.invalidate',
    summary: 'Makes all entries with one of these tags absent; returns the new versions.',
    usage: 'key tag [tag …]',
    arity: -2,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...tags]) => {
      tagsOf(keyspace, key as Buffer)
      return tags.map(tag => invalidate(keyspace, key as Buffer, String(tag)))
    },
  },
  {
    name: 'saola.cache.touch',
    summary:
      'Entries that were used just now, and so are evicted last. Then evicts what is above the limits (0: none).',
    usage: 'key entries-max bytes-max [field …]',
    arity: -3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, entriesMax, bytesMax, ...fields]) => {
      const limits = limitsOf(entriesMax, bytesMax)
      const entry = keyspace.findOf(key as Buffer, hash)
      if (!entry) return 0
      let used = usedNow(keyspace, entry)
      let touched = 0
      const update = keyspace.sql('UPDATE uses SET used = ? WHERE id = ? AND field = ?')
      for (const field of fields) touched += Number(update.run(used++, entry.id, field).changes)
      evict(keyspace, entry, limits)
      return touched
    },
  },
]

/** Where the versions of a cache's tags are: on the same node of a Redis Cluster as the cache. */
export function besideCache(name: string, what: string): string {
  return /\{[^}]+\}/.test(name) ? `${name}:${what}` : `{${name}}:${what}`
}

interface Limits {
  readonly entriesMax: number
  readonly bytesMax: number
}

function setEntry({ keyspace, now }: CommandContext, args: readonly Buffer[]): Reply {
  const [key, field, value, ttl, grace, entriesMax, bytesMax, lock, holder, ...tags] = args as Buffer[]
  if (tags.length % 2 !== 0) throw syntaxError()
  const ttlMs = integerOf(ttl)
  const graceMs = integerOf(grace)
  const limits = limitsOf(entriesMax, bytesMax)
  const found = keyspace.findOf(key as Buffer, hash)
  const versions = presentVersions(keyspace, key as Buffer, tags)
  const lease = leaseOf(keyspace, lock as Buffer)
  const isAnybody = holder?.toString('latin1') === '-'
  if (!versions || !(isAnybody || lease?.holder.equals(holder as Buffer))) return 0
  const header: Header = [ttlMs > 0 ? now + ttlMs : 0, ...versions]
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), value as Buffer])
  const size = (field as Buffer).length + bytes.length + overheadBytes
  if (size > limits.bytesMax) {
    throw new CommandError(
      'STORE_VALUE_TOO_LARGE',
      `an entry of ${size} bytes is above the ${limits.bytesMax} of its cache`,
    )
  }
  if (isAnybody && lease) keyspace.remove(lease.entry)
  const entry = found ?? keyspace.create(key as Buffer, hash)
  const expires = ttlMs > 0 ? now + ttlMs + graceMs : null
  write(keyspace, entry, field as Buffer, bytes, expires)
  keyspace
    .sql(
      `INSERT INTO uses (id, field, used, bytes) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (id, field) DO UPDATE SET used = ?3, bytes = ?4`,
    )
    .run(entry.id, field as Buffer, usedNow(keyspace, entry), size)
  evict(keyspace, entry, limits)
  return 1
}

function limitsOf(entriesMax: Buffer | undefined, bytesMax: Buffer | undefined): Limits {
  return {
    entriesMax: integerOf(entriesMax) || Number.POSITIVE_INFINITY,
    bytesMax: integerOf(bytesMax) || Number.POSITIVE_INFINITY,
  }
}

/** Tags and their versions now; undefined when one is not what was expected. */
function presentVersions(keyspace: Keyspace, key: Buffer, tags: readonly Buffer[]): (string | number)[] | undefined {
  if (tags.length === 0) return []
  const entry = tagsOf(keyspace, key)
  const versions: (string | number)[] = []
  for (let i = 0; i < tags.length; i += 2) {
    const tag = String(tags[i])
    const version = versionOf(keyspace, entry, tag)
    const expected = tags[i + 1] as Buffer
    if (expected[0] !== 0x2d && integerOf(expected) !== version) return undefined
    if (tag !== wholeCache) versions.push(tag, version)
  }
  return versions
}

function isCurrent(keyspace: Keyspace, key: Buffer, tags: readonly (string | number)[]): boolean {
  if (tags.length === 0) return true
  const entry = tagsOf(keyspace, key)
  for (let i = 0; i < tags.length; i += 2) {
    if (versionOf(keyspace, entry, String(tags[i])) !== tags[i + 1]) return false
  }
  return true
}

function headerOf(bytes: Buffer, end: number): Header {
  try {
    return JSON.parse(bytes.toString('utf8', 0, end)) as Header
  } catch {
    throw new CommandError('STORE_VALUE_UNREADABLE', 'an entry of a cache was not written by the cache')
  }
}

function tagsOf(keyspace: Keyspace, key: Buffer): Entry | undefined {
  return keyspace.findOf(tagsKeyOf(key), hash)
}

function tagsKeyOf(key: Buffer): Buffer {
  return Buffer.from(besideCache(key.toString('latin1'), 'tags'), 'latin1')
}

function versionOf(keyspace: Keyspace, tags: Entry | undefined, tag: string): number {
  const value = readField(keyspace, tags, Buffer.from(tag))
  return value ? integerOf(value) : 0
}

function invalidate(keyspace: Keyspace, key: Buffer, tag: string): number {
  const tags = keyspace.obtain(tagsKeyOf(key), hash)
  const version = versionOf(keyspace, tags, tag) + 1
  write(keyspace, tags, Buffer.from(tag), Buffer.from(String(version), 'latin1'), null)
  return version
}

function readField(keyspace: Keyspace, entry: Entry | undefined, field: Buffer): Buffer | undefined {
  const row = entry && keyspace.sql('SELECT value, expires FROM fields WHERE id = ? AND field = ?').get(entry.id, field)
  if (!row) return undefined
  const [value, expires] = row as unknown as [Uint8Array, number | null]
  return expires !== null && expires <= keyspace.now ? undefined : bufferOf(value)
}

function write(keyspace: Keyspace, entry: Entry, field: Buffer, value: Buffer, expires: number | null): void {
  const { changes } = keyspace
    .sql('UPDATE fields SET value = ?3, expires = ?4 WHERE id = ?1 AND field = ?2')
    .run(entry.id, field, value, expires)
  if (changes === 0) {
    keyspace
      .sql('INSERT INTO fields (id, field, value, expires) VALUES (?, ?, ?, ?)')
      .run(entry.id, field, value, expires)
    keyspace.resize(entry, 1)
  }
  keyspace.touch(entry.name, field)
}

/** Microseconds since 1970, and later than all before: several in one turn are told apart. */
function usedNow(keyspace: Keyspace, { id }: Entry): number {
  const row = keyspace.sql('SELECT max(used) FROM uses WHERE id = ?').get(id) as unknown as [number | null]
  return Math.max(keyspace.now * 1000, (row[0] ?? 0) + 1)
}

/** Whether there was such an entry, and its time was not over. */
function drop(keyspace: Keyspace, entry: Entry, field: Buffer): boolean {
  keyspace.sql('DELETE FROM uses WHERE id = ? AND field = ?').run(entry.id, field)
  const row = keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ? RETURNING expires').get(entry.id, field)
  if (!row) return false
  const [expires] = row as unknown as [number | null]
  keyspace.touch(entry.name, field)
  keyspace.resize(entry, -1)
  return expires === null || expires > keyspace.now
}

/** Those that were used least recently; some at once, and the rest when the cache is written to again. */
function evict(keyspace: Keyspace, entry: Entry, { entriesMax, bytesMax }: Limits): void {
  const row = keyspace.sql('SELECT entries, bytes FROM cache_sizes WHERE id = ?').get(entry.id)
  let [entries, bytes] = (row ?? [0, 0]) as unknown as [number, number]
  if (entries <= entriesMax && bytes <= bytesMax) return
  const oldest = keyspace
    .sql('SELECT field, bytes FROM uses WHERE id = ? ORDER BY used, field LIMIT ?')
    .all(entry.id, evictedAtOnce) as unknown as [Uint8Array, number][]
  for (const [field, size] of oldest) {
    if (entries <= entriesMax && bytes <= bytesMax) return
    drop(keyspace, entry, bufferOf(field))
    entries--
    bytes -= size
  }
}
