/**
 * What an application may know and say of the process that it runs in: `saola/app`. Outside Saola every call is
 * harmless and does nothing, so the same file runs under `node app.ts`.
 */

/** The worker that this process is. */
export interface WorkerIdentity {
  /** 0, 1, … A worker that replaces another has its id. 0 outside Saola. */
  readonly id: number
  /** `web:0`; empty outside Saola. */
  readonly name: string
  /** Counts the reloads of the tree, from 1; 0 outside Saola. */
  readonly generation: number
}

/** What a worker keeps for the application. */
export interface Lifecycle {
  readonly identity: WorkerIdentity
  readonly shutdownHooks: (() => unknown)[]
  /** The worker is not ready before this is fulfilled, and has failed when it is rejected. */
  waitFor(condition: Promise<unknown>): void
  /** Called by `ready()`. */
  signalReady(): void
}

// The application may load another copy of this package than the worker's: both find the same object here.
const key = Symbol.for('saola.lifecycle')
const registry = globalThis as { [key]?: Lifecycle }

export function installLifecycle(lifecycle: Lifecycle): void {
  registry[key] = lifecycle
}

const outside: WorkerIdentity = { id: 0, name: '', generation: 0 }

/**
 * The worker that this process is.
 *
 * ```ts
 * if (worker.id === 0) startMetricsReporter()
 * ```
 */
export const worker: WorkerIdentity = {
  get id() {
    return (registry[key]?.identity ?? outside).id
  },
  get name() {
    return (registry[key]?.identity ?? outside).name
  },
  get generation() {
    return (registry[key]?.identity ?? outside).generation
  },
}

/**
 * Says when the application is ready to serve; until then no connection is accepted, and at a reload the old worker
 * serves on. A worker is ready when it listens and every promise given here is fulfilled; a rejected one fails the
 * boot. Without an argument, it answers the setting `ready: { signal: true }`.
 *
 * ```ts
 * ready(database.connect())
 * ```
 */
export function ready(until?: Promise<unknown>): void {
  const lifecycle = registry[key]
  if (!lifecycle) return
  if (until) lifecycle.waitFor(Promise.resolve(until))
  else lifecycle.signalReady()
}

/**
 * Calls `hook` when this worker ends: after the last request was answered, before the process exits. Hooks run one
 * after the other, the last registered first, and may return a promise; all of them together may take what is left of
 * `graceful.timeout`. A hook that throws is logged, and the next one runs.
 *
 * ```ts
 * onShutdown(() => database.close())
 * ```
 */
export function onShutdown(hook: () => unknown): void {
  registry[key]?.shutdownHooks.push(hook)
}
