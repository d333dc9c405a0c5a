import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { EmbeddedEngine } from './engines/embedded.ts'
import {
  type Durability,
  defaultSpec,
  logFileOf,
  type OwnerSpec,
  socketOf,
  specVariable,
  treeVariable,
} from './owner/owner-spec.ts'
import { Store } from './store.ts'
import { StoreError } from './store-error.ts'

export interface OpenOptions {
  /** The folder of the store: of a tree, `.saola/<name>/store` beside its configuration. Made when it is not there. */
  readonly dir: string
  /** How long a call may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
  /** For a store that nobody has opened yet; `everysec` by default. */
  readonly durability?: Durability
}

/**
 * A store in a folder. If no process owns it yet, one is started, and lives as long as somebody is connected: so two scripts
 * share a store, and with a tree that runs they share its.
 *
 * ```ts
 * await using store = openStore({ dir: 'data/store' })
 * await store.counter('runs').increment()
 * ```
 *
 * @throws {StoreError} STORE_DIRECTORY_UNUSABLE when the folder cannot be made. Whether it can be used shows at the first call.
 */
export function openStore({ dir, timeoutMs, durability }: OpenOptions): Store {
  const spec: OwnerSpec = { ...defaultSpec, dir: resolve(dir), ...(durability === undefined ? {} : { durability }) }
  return open(spec, timeoutMs)
}

/**
 * The store of the tree that has started this process.
 *
 * @throws {StoreError} STORE_UNAVAILABLE outside a tree.
 */
export function openTreeStore(): Store {
  const spec = process.env[treeVariable]
  if (spec) return open(JSON.parse(spec) as OwnerSpec)
  const advice = "This process was not started by Saola: use openStore({ dir }) of 'saola/store'."
  throw new StoreError('STORE_UNAVAILABLE', advice)
}

function open(spec: OwnerSpec, timeoutMs?: number): Store {
  const { dir } = spec
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `${dir} cannot be made: ${(error as Error).message}.`)
  }
  const engine = new EmbeddedEngine({
    dir,
    socketPath: () => socketOf(dir),
    summonOwner: () => startOwner(spec),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  return new Store(engine)
}

/** Starts the process that owns the folder. Of several that are started at once, one stays. */
function startOwner(spec: OwnerSpec): void {
  const script = join(import.meta.dirname, '..', 'processes', `store${extname(import.meta.filename)}`)
  const log = openSync(logFileOf(spec.dir), 'a', 0o600)
  try {
    // In a session of its own: it outlives whoever has started it, and those who kill that one's group.
    const child = spawn(process.execPath, [script], {
      cwd: spec.dir,
      env: { ...process.env, NODE_OPTIONS: '', [specVariable]: JSON.stringify(spec) },
      stdio: ['ignore', 'ignore', log],
      detached: true,
    })
    child.on('error', () => {})
    child.unref()
  } finally {
    closeSync(log)
  }
}
