/**
 * Settings of Redis 7 that have no meaning here: encodings in memory, rewriting of append-only files, replicas. Applications and
 * test suites of clients set them, and expect to read what they have set.
 */

/** What a value may be: a flag, a whole number between two, bytes, one of some words, or any text. */
export type SettingKind =
  | { readonly is: 'flag' }
  | { readonly is: 'integer'; readonly from: number; readonly to: number }
  | { readonly is: 'bytes' }
  | { readonly is: 'words'; readonly words: readonly string[] }
  | { readonly is: 'text'; readonly matches?: RegExp; readonly problem?: string }

export interface KnownSetting {
  readonly name: string
  readonly kind: SettingKind
  /** That of Redis. */
  readonly value: string
}

const largest = Number.MAX_SAFE_INTEGER
const largest32 = 2 ** 31 - 1

function flags(value: 'yes' | 'no', names: string): KnownSetting[] {
  return names.split(' ').map(name => ({ name, value, kind: { is: 'flag' } }))
}

function integers(from: number, to: number, values: Readonly<Record<string, number>>): KnownSetting[] {
  const kind: SettingKind = { is: 'integer', from, to }
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value), kind }))
}

function bytes(values: Readonly<Record<string, number>>): KnownSetting[] {
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value), kind: { is: 'bytes' } }))
}

function words(name: string, value: string, choices: string): KnownSetting {
  return { name, value, kind: { is: 'words', words: choices.split(' ') } }
}

const evictionPolicies =
  'volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction'

export const knownSettings: readonly KnownSetting[] = [
  ...flags(
    'yes',
    'activerehashing aof-load-truncated aof-rewrite-incremental-fsync aof-use-rdb-preamble crash-log-enabled crash-memcheck-enabled dynamic-hz jemalloc-bg-thread latency-tracking rdb-save-incremental-fsync rdbcompression repl-diskless-sync replica-ignore-maxmemory replica-read-only replica-serve-stale-data slave-read-only slave-serve-stale-data stop-writes-on-bgsave-error',
  ),
  ...flags(
    'no',
    'activedefrag aof-timestamp-enabled lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del lazyfree-lazy-user-flush no-appendfsync-on-rewrite repl-disable-tcp-nodelay replica-lazy-flush',
  ),
  ...integers(0, largest, {
    'acllog-max-len': 128,
    'active-defrag-max-scan-fields': 1000,
    'busy-reply-threshold': 5000,
    'hash-max-listpack-entries': 512,
    'hash-max-ziplist-entries': 512,
    'latency-monitor-threshold': 0,
    'lua-time-limit': 5000,
    'repl-backlog-ttl': 3600,
    'set-max-intset-entries': 512,
    'stream-node-max-entries': 100,
    'tracking-table-max-keys': 1_000_000,
    'zset-max-listpack-entries': 128,
    'zset-max-ziplist-entries': 128,
  }),
  ...integers(0, largest32, {
    'auto-aof-rewrite-percentage': 100,
    hz: 10,
    'lfu-decay-time': 1,
    'lfu-log-factor': 10,
    'list-compress-depth': 0,
    'repl-diskless-sync-delay': 5,
    'replica-priority': 100,
    'shutdown-timeout': 10,
    'tcp-keepalive': 300,
  }),
  ...integers(1, largest32, { 'maxmemory-samples': 5, 'repl-ping-replica-period': 10, 'repl-timeout': 60 }),
  ...integers(-largest32 - 1, largest32, { 'list-max-listpack-size': -2, 'list-max-ziplist-size': -2 }),
  ...integers(1, 99, { 'active-defrag-cycle-max': 25, 'active-defrag-cycle-min': 1 }),
  ...integers(0, 1000, { 'active-defrag-threshold-lower': 10, 'active-defrag-threshold-upper': 100 }),
  ...integers(1, 10, { 'active-expire-effort': 1 }),
  ...integers(0, 100, { 'maxmemory-eviction-tenacity': 10 }),
  ...bytes({
    'active-defrag-ignore-bytes': 100 * 1024 ** 2,
    'auto-aof-rewrite-min-size': 64 * 1024 ** 2,
    'client-query-buffer-limit': 1024 ** 3,
    'hash-max-listpack-value': 64,
    'hash-max-ziplist-value': 64,
    'hll-sparse-max-bytes': 3000,
    maxmemory: 0,
    'maxmemory-clients': 0,
    'repl-backlog-size': 1024 ** 2,
    'stream-node-max-bytes': 4096,
    'zset-max-listpack-value': 64,
    'zset-max-ziplist-value': 64,
  }),
  words('loglevel', 'notice', 'debug verbose notice warning'),
  words('maxmemory-policy', 'noeviction', evictionPolicies),
  words('oom-score-adj', 'no', 'no yes relative absolute'),
  words('repl-diskless-load', 'disabled', 'disabled on-empty-db swapdb'),
  words('sanitize-dump-payload', 'no', 'no yes clients'),
  {
    name: 'client-output-buffer-limit',
    value: 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
    kind: {
      is: 'text',
      matches: /^(?:(?:normal|slave|replica|pubsub)(?: \d+[kmg]?b?){2} \d+ ?)+$/i,
      problem: 'Wrong number of arguments in buffer limit configuration.',
    },
  },
  {
    name: 'save',
    value: '',
    kind: { is: 'text', matches: /^(?:[1-9]\d* \d+(?: [1-9]\d* \d+)*)?$/, problem: 'Invalid save parameters' },
  },
]
