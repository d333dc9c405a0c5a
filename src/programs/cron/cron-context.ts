/** What a module of the section `cron` is called with, and how its process is told which one. */

/**
 * What the function of a module is given.
 *
 * ```ts
 * export default async function cleanup({ signal, scheduledAt }: CronContext) {
 *   await fetch('https://example.org/cleanup', { method: 'POST', signal })
 * }
 * ```
 */
export interface CronContext {
  /** The name of the entry. */
  readonly name: string
  /** The time that this run is for; of one that somebody has asked for, when that was. */
  readonly scheduledAt: Date
  /** What stood behind `--` in `saola run NAME -- …`. */
  readonly args: readonly string[]
  /** Aborted when the run is to end: its `timeout` is over, or the tree stops. */
  readonly signal: AbortSignal
}

/** What a process that runs a module is told, as JSON in its environment. */
export interface CronModuleSpec {
  /** The tree's name. */
  readonly tree: string
  readonly name: string
  /** Absolute path. */
  readonly module: string
  /** Milliseconds since 1970. */
  readonly scheduledAt: number
  readonly args: readonly string[]
  /** What asks it to end. */
  readonly stopSignal: NodeJS.Signals
  /** How it comes to the shared store of the tree, as JSON. */
  readonly store: string
  /** Its supervisor has the store, and starts it when it is wanted; else the process does what scripts do. */
  readonly hasTree: boolean
}

/** The variable of the environment that it is in. */
export const cronModuleVariable = 'SAOLA_RUN_MODULE'
