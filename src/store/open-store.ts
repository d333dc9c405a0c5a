import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { sendToSupervisor } from '../ipc/channel.ts'
import { enterFolder } from './database/folder.ts'
import { treeOfFolder } from './database/owner-note.ts'
import { EmbeddedEngine } from './engines/embedded.ts'
import type { Engine } from './engines/engine.ts'
import { RedisEngine } from './engines/redis/redis.ts'
import { isRemoteUrl, openRemoteEngine } from './engines/remote.ts'
import { checkOpenOptions, type OpenOptions, type OpenRemoteOptions } from './open-options.ts'
import {
  defaultSpec,
  logFileOf,
  type OwnerSpec,
  type RemoteSpec,
  socketOf,
  specVariable,
  treeVariable,
  workerVariable,
} from './owner/owner-spec.ts'
import { Store } from './store.ts'
import { StoreError } from './store-error.ts'

const treePatienceMs = 3_000
// An owner that was started and is not there after so long is stopped, or waits for a disk.
const startPatienceMs = 5_000

/**
 * A store in a folder, or in Redis or Valkey: see docs/store.md for what differs. If no process owns it yet, one is started, and lives as long as somebody is connected: so two scripts
 * share a store, and with a tree that runs they share its.
 *
 * ```ts
 * await using store = openStore({ dir: 'data/store' })
 * await store.counter('runs').increment()
 * ```
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID for an option that is none, STORE_DIRECTORY_UNUSABLE when this user cannot make the
 *   folder, or may not enter it or write there. Whether a store can be in it shows at the first call.
 */
export function openStore(options: OpenOptions | OpenRemoteOptions): Store {
  return new Store(openEngine(options))
}

/** What is below a store, for tasks: throws as `openStore`. */
export function openEngine(options: OpenOptions | OpenRemoteOptions): Engine {
  checkOpenOptions(options)
  if ('url' in options && options.url !== undefined) return openRemote(options)
  const { dir, timeoutMs, durability } = options as OpenOptions
  const spec: OwnerSpec = { ...defaultSpec, dir: resolve(dir), ...(durability === undefined ? {} : { durability }) }
  return openFolder(spec, timeoutMs)
}

/**
 * The store of the tree that has started this process. Its supervisor starts `store:0` at the first use.
 *
 * @throws {StoreError} STORE_UNAVAILABLE outside a tree.
 */
export function openTreeStore(): Store {
  return new Store(openTreeEngine())
}

/**
 * What is below it, for tasks: throws as `openTreeStore`. `mayStart` false: somebody else sees to it that the store is there.
 */
export function openTreeEngine({ mayStart = true }: { readonly mayStart?: boolean } = {}): Engine {
  const spec = process.env[treeVariable]
  if (!spec) {
    const advice = "This process was not started by Saola: use openStore({ dir }) of 'saola/store'."
    throw new StoreError('STORE_UNAVAILABLE', advice)
  }
  const owner = JSON.parse(spec) as OwnerSpec | RemoteSpec
  if ('url' in owner)
    return openRemote({ url: owner.url, password: owner.password, maxValueBytes: owner.valueBytesMax })
  if (!mayStart) return openOwned(owner)
  // What a worker starts has its environment, but not its channel to the supervisor.
  const isWorker = process.env[workerVariable] === String(process.pid) && process.send !== undefined
  return isWorker ? openAsWorker(owner) : openFolder(owner)
}

/** A store as somebody sees it who only looks: no owner is started for it, and what is not answered in time is given up. */
export function openEngineToLook(place: OwnerSpec | RemoteSpec, timeoutMs: number): Engine {
  if (!('url' in place)) return openOwned(place, timeoutMs)
  return openRemote({ url: place.url, password: place.password, maxValueBytes: place.valueBytesMax, timeoutMs })
}

function openOwned({ dir }: OwnerSpec, timeoutMs?: number): Engine {
  return new EmbeddedEngine({
    dir,
    socketPath: () => socketOf(dir),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

function openRemote({ url, timeoutMs, maxValueBytes, ...login }: OpenRemoteOptions): Engine {
  if (isRemoteUrl(url)) return openRemoteEngine({ url, timeoutMs, ...login })
  return new RedisEngine({
    url,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(maxValueBytes === undefined ? {} : { valueBytesMax: maxValueBytes }),
  })
}

function openAsWorker({ dir }: OwnerSpec): Engine {
  // Without a supervisor nobody starts one, and this process ends soon, too.
  const askSupervisor = () => void sendToSupervisor({ type: 'saola.wanted', service: 'store' })
  return new EmbeddedEngine({
    dir,
    socketPath: () => socketOf(dir),
    announceUse: askSupervisor,
    summonOwner: askSupervisor,
  })
}

function openFolder(spec: OwnerSpec, timeoutMs?: number): Engine {
  const { dir } = spec
  enterFolder(dir)
  return new EmbeddedEngine({
    dir,
    socketPath: () => socketOf(dir),
    summonOwner: summonBesideTree(spec),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

/** A tree whose store this is starts its own owner again, if it is not there; only when that takes long, one is started here. */
function summonBesideTree(spec: OwnerSpec): (absentMs: number) => void {
  const start = starterOf(spec)
  return absentMs => {
    if (absentMs > treePatienceMs || !treeOfFolder(spec.dir)) start()
  }
}

/** Starts no other while one is about to be the owner: on a busy machine that takes a while, and each takes its time from the rest. */
function starterOf(spec: OwnerSpec): () => void {
  let latest: { readonly child: ChildProcess; readonly at: number } | undefined
  return () => {
    const now = performance.now()
    if (latest && isRunning(latest.child) && now - latest.at < startPatienceMs) return
    latest = { child: startOwner(spec), at: now }
  }
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}

/** Starts the process that owns the folder. Of several that are started at once, one stays. */
function startOwner(spec: OwnerSpec): ChildProcess {
  const script = join(import.meta.dirname, '..', 'processes', `store${extname(import.meta.filename)}`)
  const log = openLog(spec.dir)
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
    return child
  } finally {
    if (log !== 'ignore') closeSync(log)
  }
}

/** On a disk that takes no more files there is none: the owner does without, and says to its callers what is wrong. */
function openLog(dir: string): number | 'ignore' {
  try {
    return openSync(logFileOf(dir), 'a', 0o600)
  } catch {
    return 'ignore'
  }
}
