import type { StoreFiles, StoreLimits } from '../commands/command.ts'
import { databasesMax } from '../database/key-names.ts'
import type { Settings } from './settings.ts'
import type { Statistics } from './statistics.ts'

interface Parts {
  readonly limits: StoreLimits
  readonly files: StoreFiles | undefined
  readonly statistics: Statistics
}

/**
 * Settings of Redis that mean something for every store. Those of the door, such as `maxclients`, are bound where it is opened.
 * What is decided by the configuration or cannot be had is shown, and cannot be set: an answer of OK would be a lie.
 */
export function bindOwnSettings(settings: Settings, { limits, files, statistics }: Parts): void {
  const { slowLog } = statistics
  const fixed: Readonly<Record<string, string>> = {
    appendfsync: { memory: 'no', everysec: 'everysec', always: 'always' }[files?.durability ?? ''] ?? 'no',
    // Of the socket of the owner: a door has its own.
    bind: '',
    maxclients: '10000',
    port: '0',
    timeout: '0',
    // Every write goes to a log on the disk.
    appendonly: files ? 'yes' : 'no',
    'cluster-enabled': 'no',
    databases: String(databasesMax),
    dir: files?.dir ?? '',
    // Keys tell nobody of their changes but by saola/store.
    'notify-keyspace-events': '',
    'min-replicas-to-write': '0',
    // A door has the password of its configuration.
    requirepass: '',
    'protected-mode': 'yes',
    'proto-max-bulk-len': String(limits.valueBytesMax),
    replicaof: '',
  }
  for (const [name, value] of Object.entries(fixed)) settings.bind(name, { kind: { is: 'text' }, get: () => value })
  settings.bind('slowlog-log-slower-than', {
    kind: { is: 'integer', from: -1, to: Number.MAX_SAFE_INTEGER },
    // Microseconds; -1 for never.
    get: () => (Number.isFinite(slowLog.thresholdMs) ? String(Math.round(slowLog.thresholdMs * 1000)) : '-1'),
    set: value => {
      slowLog.thresholdMs = value === '-1' ? Number.POSITIVE_INFINITY : Number(value) / 1000
    },
  })
  settings.bind('slowlog-max-len', {
    kind: { is: 'integer', from: 0, to: 100_000 },
    get: () => String(slowLog.lengthMax),
    set: value => {
      slowLog.lengthMax = Number(value)
    },
  })
}
