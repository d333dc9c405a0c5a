import type { TaskInfo } from '../engine/job.ts'
import type { PoolKind } from '../runnable-task.ts'

/** The variable in which a process that runs tasks is told what to be. */
export const taskProcessVariable = 'SAOLA_TASKS'

/** What a process that runs tasks is told to be, before it runs a line of theirs. */
export interface TaskProcessSpec {
  /** The tree's name. */
  readonly tree: string
  /** `tasks:io:0`, as the status shows it. */
  readonly name: string
  /** Of its place: what an earlier process here had is given to others when this one begins. */
  readonly slot: string
  readonly pool: string
  readonly kind: PoolKind
  /** Absolute path of the folder of tasks. */
  readonly dir: string
  /** Undefined: those of all tasks of its kind but for `otherQueues`. */
  readonly queues: readonly string[] | undefined
  /** Those that pools with a list of their own have. */
  readonly otherQueues: readonly string[]
  readonly weights: Readonly<Record<string, number>>
  readonly concurrency: number
  readonly leaseMs: number
  readonly drainTimeoutMs: number
  readonly resultBytesMax: number
  readonly recycleJobs: number
  /** When the tree loaded this code, in milliseconds since 1970: the same for all processes of a reload. */
  readonly loadedAt: number
  /** How the processes of the tree come to the shared store, as JSON: for its environment (`SAOLA_STORE_TREE`). */
  readonly store: string
}

/** What the thread that holds its session is told. */
export interface KeeperSpec {
  readonly table: SharedArrayBuffer
  readonly size: number
  readonly slot: string
  readonly pool: string
  readonly queues: readonly string[]
  readonly tasks: readonly TaskInfo[]
  readonly leaseMs: number
  /** What its watch thread is told: see worker/watch.ts. */
  readonly watch: { readonly fd: number; readonly supervisorPid: number; readonly temporaryFolder: string }
}
