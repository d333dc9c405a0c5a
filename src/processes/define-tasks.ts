/** What the supervisor must know of the processes that run tasks, made of their section of the configuration. */
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { countCpus } from '../base/cpu-count.ts'
import { identityOf } from '../base/identity.ts'
import { memoryBytes } from '../base/memory-limit.ts'
import type { AppConfig, Config } from '../config/config.ts'
import type { Place, ServiceDefinition } from '../supervisor/app-definition.ts'
import type { GroupSpec } from '../supervisor/fleet.ts'
import type { Launch } from '../supervisor/spawn-process.ts'
import type { PoolKind } from '../tasks/runnable-task.ts'
import { type TaskProcessSpec, taskProcessVariable } from '../tasks/runner/process-spec.ts'
import { treeStoreOf } from './define-store.ts'
import { inheritedEnvironment } from './worker-launch.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const processFile = fileURLToPath(new URL(`./tasks.${extension}`, import.meta.url))

type TasksConfig = NonNullable<Config['tasks']>
type PoolOptions = TasksConfig['pools'][string]

interface Pool extends Omit<PoolOptions, 'type' | 'processes'> {
  readonly name: string
  readonly kind: PoolKind
  readonly processes: { readonly min: number; readonly max: number }
}

// What a process gives back and says at its end, over and above the time of its jobs.
const lastWordsMs = 2_500
const concurrencyDefault = 50

/**
 * A group of processes for each pool; none without a section `tasks`. `revision` counts the configurations that were loaded.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when the user or group of the first application does not exist.
 */
export function defineTasks(config: Config, revision: number): ServiceDefinition[] {
  const { tasks } = config
  if (!tasks) return []
  const [app] = Object.values(config.apps)
  const pools = poolsOf(tasks)
  const loadedAt = Date.now()
  return pools.map(pool => ({
    spec: groupSpec(tasks, pool, revision),
    starts: 'with the tree' as const,
    stdout: undefined,
    stderr: undefined,
    launch: place => launchOf(config, app, { ...processSpec(config, tasks, pool, place), loadedAt }),
  }))
}

function poolsOf({ pools }: TasksConfig): Pool[] {
  const none: PoolOptions = { concurrency: concurrencyDefault }
  return Object.entries({ io: none, cpu: none, ...pools }).map(([name, pool]) => {
    const kind = pool.type ?? (name === 'cpu' ? 'cpu' : 'io')
    const number = kind === 'cpu' ? countCpus() : 1
    return { ...pool, name, kind, processes: pool.processes ?? { min: number, max: number } }
  })
}

function groupSpec(tasks: TasksConfig, { name, kind, processes }: Pool, revision: number): GroupSpec {
  const { drainTimeout, bootTimeout, timeout, recycle } = tasks
  return {
    kind: 'tasks',
    name: `tasks:${name}`,
    revision,
    workers: processes.min,
    scaling: processes,
    bootTimeoutMs: bootTimeout,
    // One that computes gives no sign of life, and may compute as long as the hard limits of its jobs let it.
    timeoutMs: kind === 'cpu' ? 0 : timeout,
    stopTimeoutMs: drainTimeout + lastWordsMs,
    stopDelayMs: 0,
    startMs: 1_000,
    // A job that kills its process ends as dead by itself; the pool must be there when that is over.
    startRetries: Number.MAX_SAFE_INTEGER,
    backoff: { min: 50, max: 2_000 },
    lifetimeMs: recycle.lifetime,
    softBytes: bytesOf(recycle.memory.soft, processes.max),
    hardBytes: bytesOf(recycle.memory.hard, processes.max),
  }
}

/** A share is one of what each process may have when all of its pool grow alike. */
function bytesOf(limit: { fraction: number } | { bytes: number } | undefined, processes: number): number | undefined {
  if (limit === undefined) return undefined
  return 'bytes' in limit ? limit.bytes : Math.floor((memoryBytes() / processes) * limit.fraction)
}

function processSpec(
  config: Config,
  tasks: TasksConfig,
  pool: Pool,
  { index, lane }: Place,
): Omit<TaskProcessSpec, 'loadedAt'> {
  const name = `tasks:${pool.name}:${index}`
  return {
    tree: config.name,
    name,
    slot: `${treeId(config)}/${name}${lane === 0 ? '' : `+${lane}`}`,
    pool: pool.name,
    kind: pool.kind,
    dir: tasks.dir,
    queues: pool.queues,
    otherQueues: Object.values(tasks.pools).flatMap(({ queues }) => queues ?? []),
    weights: Object.fromEntries(Object.entries(tasks.queues).map(([queue, { weight }]) => [queue, weight])),
    concurrency: pool.kind === 'cpu' ? 1 : pool.concurrency,
    leaseMs: tasks.lease,
    drainTimeoutMs: tasks.drainTimeout,
    resultBytesMax: tasks.maxResultBytes,
    recycleJobs: tasks.recycle.jobs,
    store: JSON.stringify(treeStoreOf(config)),
  }
}

/**
 * Of this run of this tree. Two trees that are alike in all that can be known of them, in two containers with one host name, say,
 * must not take each other's sessions for their own.
 */
function treeId({ name, stateDir }: Config): string {
  const run = `${stateDir} ${process.pid} ${performance.timeOrigin}`
  // Not imported: it would take 5 ms of every start, with tasks and without.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `${hostname()}/${name}-${createHash('sha256').update(run).digest('hex').slice(0, 8)}`
}

function launchOf(config: Config, app: AppConfig | undefined, spec: TaskProcessSpec): Launch {
  const identity = identityOf(app?.user, app?.group)
  return {
    command: process.execPath,
    args: [...(app?.node ?? []), processFile],
    cwd: app?.cwd ?? config.dir,
    env: { ...inheritedEnvironment(config), ...identity.env, ...app?.env, [taskProcessVariable]: JSON.stringify(spec) },
    uid: identity.uid,
    gid: identity.gid,
    fds: [],
  }
}
