/** INFO: what monitoring reads, under the names that Redis has for it. What means nothing here is left out, not made up. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { release, totalmem, type } from 'node:os'
import { databasesMax } from '../database/key-names.ts'
import { Verbatim } from '../resp/reply.ts'
import { type Command, type CommandContext, type OwnerContext, ownerOf } from './command.ts'

type Fields = Readonly<Record<string, string | number>>
type Section = (context: CommandContext, owner: OwnerContext) => Fields

/** Whose replies, checks and error texts the commands have: clients choose by it what they may ask for. */
const redisVersion = '7.0.15'

let ownVersion: string | undefined
const runId = randomBytes(20).toString('hex')
const usualSections = [
  'server',
  'clients',
  'memory',
  'persistence',
  'stats',
  'replication',
  'cpu',
  'errorstats',
  'keyspace',
]

export const info: Command = {
  name: 'info',
  summary: 'How the store does, in the sections and fields of Redis that mean something here.',
  usage: '[section …]',
  arity: [0, Number.POSITIVE_INFINITY],
  flags: ['owner'],
  keys: undefined,
  run: (context, args) => {
    const owner = ownerOf(context)
    const wanted = new Set(args.length === 0 ? usualSections : args.flatMap(arg => namesOf(String(arg).toLowerCase())))
    const texts = Object.entries(sections)
      .filter(([name]) => wanted.has(name.toLowerCase()))
      .map(([name, section]) => textOf(name, section(context, owner)))
    return new Verbatim(texts.join('\r\n'))
  },
}

/** Of the package: asked for when somebody wants to know. */
function readVersion(): string {
  ownVersion ??= (
    JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version
  return ownVersion
}

function namesOf(word: string): string[] {
  if (word === 'default') return usualSections
  return word === 'all' || word === 'everything' ? Object.keys(sections).map(name => name.toLowerCase()) : [word]
}

function textOf(name: string, fields: Fields): string {
  return [`# ${name}`, ...Object.entries(fields).map(([field, value]) => `${field}:${value}`), ''].join('\r\n')
}

const sections: Readonly<Record<string, Section>> = {
  Server: (_context, owner) => ({
    redis_version: redisVersion,
    saola_version: readVersion(),
    redis_mode: 'standalone',
    os: `${type()} ${release()} ${process.arch}`,
    arch_bits: 64,
    multiplexing_api: 'libuv',
    process_id: process.pid,
    run_id: runId,
    server_time_usec: Date.now() * 1000,
    uptime_in_seconds: Math.floor((Date.now() - owner.statistics.startedAt) / 1000),
    uptime_in_days: Math.floor((Date.now() - owner.statistics.startedAt) / 86_400_000),
    executable: process.execPath,
    config_file: '',
  }),
  Clients: (_context, { clients, waiting, settings }) => ({
    connected_clients: clients.size,
    maxclients: settings.get('maxclients') ?? 0,
    blocked_clients: waiting,
  }),
  Memory: (_context, { settings }) => memory(settings.get('maxmemory') ?? '0', settings.get('maxmemory-policy') ?? ''),
  Persistence: (_context, { files, statistics }) => ({
    loading: 0,
    rdb_bgsave_in_progress: files?.isSnapshotUnderWay() ? 1 : 0,
    rdb_last_save_time: Math.floor((files?.snapshotAt() ?? statistics.startedAt) / 1000),
    rdb_last_bgsave_status: files?.hasSnapshotFailed() ? 'err' : 'ok',
    aof_enabled: files ? 1 : 0,
    saola_durability: files?.durability ?? 'none',
    saola_file_bytes: files?.size() ?? 0,
  }),
  Stats: (_context, { clients, statistics, topics }) => ({
    total_connections_received: clients.received,
    total_commands_processed: statistics.commandsDone,
    total_net_input_bytes: clients.inputBytes,
    total_net_output_bytes: clients.outputBytes,
    rejected_connections: clients.rejected,
    pubsub_channels: topics.counts.channels,
    pubsub_patterns: topics.counts.patterns,
    total_error_replies: [...statistics.errors.values()].reduce((sum, count) => sum + count, 0),
  }),
  Replication: () => ({ role: 'master', connected_slaves: 0, master_replid: runId, master_repl_offset: 0 }),
  CPU: () => {
    const { system, user } = process.cpuUsage()
    return { used_cpu_sys: (system / 1e6).toFixed(6), used_cpu_user: (user / 1e6).toFixed(6) }
  },
  Commandstats: (_context, { statistics }) =>
    Object.fromEntries(
      [...statistics.commands].map(([name, { calls, ms, failed }]) => {
        const each = ((ms * 1000) / calls).toFixed(2)
        const counts = `rejected_calls=0,failed_calls=${failed}`
        return [`cmdstat_${name}`, `calls=${calls},usec=${Math.round(ms * 1000)},usec_per_call=${each},${counts}`]
      }),
    ),
  Errorstats: (_context, { statistics }) =>
    Object.fromEntries([...statistics.errors].map(([code, count]) => [`errorstat_${code}`, `count=${count}`])),
  Cluster: () => ({ cluster_enabled: 0 }),
  Keyspace: ({ keyspace }) => {
    const fields: Record<string, string> = {}
    const expiringOf = keyspace.countExpiring()
    for (let database = 0; database < databasesMax; database++) {
      const keys = keyspace.countLiving(database)
      const expiring = expiringOf[database] ?? 0
      if (keys > 0) fields[`db${database}`] = `keys=${keys},expires=${expiring},avg_ttl=0`
    }
    return fields
  },
}

function memory(maxBytes: string, policy: string): Fields {
  const { rss, heapUsed, external } = process.memoryUsage()
  const used = heapUsed + external
  const peak = Math.max(rss, process.resourceUsage().maxRSS * 1024)
  const fields: Record<string, number> = {
    used_memory: used,
    used_memory_rss: rss,
    used_memory_peak: peak,
    total_system_memory: totalmem(),
    maxmemory: Number(maxBytes),
  }
  const withTexts = Object.entries(fields).flatMap(([name, bytes]) => [
    [name, bytes],
    [`${name}_human`, readable(bytes)],
  ])
  return { ...Object.fromEntries(withTexts), maxmemory_policy: policy }
}

/** As Redis shows bytes: `991.20K`. */
function readable(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  const unit = Math.min(4, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** unit).toFixed(2)}${'BKMGT'[unit]}`
}
