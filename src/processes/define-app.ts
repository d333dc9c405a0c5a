/** What the supervisor must know of an application, made of its section of the configuration. */
import { memoryBytes } from '../base/memory-limit.ts'
import type { AppConfig, Config } from '../config/config.ts'
import type { WorkerSpec } from '../ipc/messages.ts'
import { type AppDefinition, acceptorOf, type Place } from '../supervisor/app-definition.ts'
import type { GroupSpec } from '../supervisor/fleet.ts'
import { type Identity, identityOf } from '../supervisor/identity.ts'
import { type Launch, workerFds } from '../supervisor/spawn-process.ts'
import { treeStoreOf } from './define-store.ts'
import { inheritedEnvironment, workerFile } from './worker-launch.ts'

/**
 * The applications of a configuration; `revision` counts the configurations that were loaded, from 1.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when a user or group does not exist.
 */
export function defineApps(config: Config, revision: number): AppDefinition[] {
  return Object.values(config.apps).map(app =>
    defineApp({ tree: config.name, store: JSON.stringify(treeStoreOf(config)) }, app, revision),
  )
}

function defineApp(tree: Pick<WorkerSpec, 'tree' | 'store'>, app: AppConfig, revision: number): AppDefinition {
  const identity = identityOf(app.user, app.group)
  const fixed = { ...workerSpec(app), ...tree, app: app.name, accept: acceptorOf(app) }
  const { accessLog } = app
  return {
    spec: groupSpec(app, revision),
    entry: app.app,
    addresses: app.listen,
    balance: app.balance,
    stickyCookie: stickyCookieOf(app),
    backlog: app.backlog,
    maxConnections: app.maxConnections,
    stdout: app.stdout,
    stderr: app.stderr,
    accessLog: accessLog && accessLog.file !== '-' ? accessLog : undefined,
    launch: place => launchOf(app, identity, { ...fixed, ...placeOf(place) }, place),
  }
}

function stickyCookieOf({ balance, sticky }: AppConfig): string | undefined {
  return balance === 'sticky' && sticky.by === 'cookie' ? sticky.cookie : undefined
}

function groupSpec(app: AppConfig, revision: number): GroupSpec {
  const { memory } = app.recycle
  return {
    kind: 'web',
    name: app.name,
    revision,
    workers: app.workers.min,
    scaling: app.workers,
    bootTimeoutMs: app.bootTimeout,
    timeoutMs: app.timeout,
    stopTimeoutMs: app.graceful.timeout,
    stopDelayMs: app.graceful.delay,
    startMs: app.startSeconds,
    startRetries: app.startRetries,
    backoff: app.backoff,
    lifetimeMs: app.recycle.lifetime,
    softBytes: bytesOf(memory.soft, app.workers.max),
    hardBytes: bytesOf(memory.hard, app.workers.max),
  }
}

/** A share is one of what each worker may have when all of them grow alike. */
function bytesOf(limit: { fraction: number } | { bytes: number } | undefined, workers: number): number | undefined {
  if (limit === undefined) return undefined
  return 'bytes' in limit ? limit.bytes : Math.floor((memoryBytes() / workers) * limit.fraction)
}

type FixedSpec = Omit<WorkerSpec, 'tree' | 'store' | 'app' | 'accept' | 'index' | 'generation' | 'sockets'>

function workerSpec(app: AppConfig): FixedSpec {
  const { graceful, ready, recycle, accessLog } = app
  const cookie = stickyCookieOf(app)
  return {
    entry: app.app,
    backlog: app.backlog,
    maxConnections: app.maxConnections,
    sharesSocket: acceptorOf(app) === 'worker' && app.workers.max > 1,
    keepAliveMs: app.keepAlive,
    requestTimeoutMs: app.requestTimeout,
    bootTimeoutMs: app.bootTimeout,
    readySignal: ready.signal,
    graceful: {
      timeoutMs: graceful.timeout,
      delayMs: graceful.delay,
      idleMs: graceful.idle,
      websocketsMs: graceful.websockets,
    },
    recycleRequests: recycle.requests,
    recycleJitter: recycle.jitter,
    accessLogFormat: accessLog === false ? false : accessLog.format,
    ...(cookie === undefined ? {} : { stickyCookie: cookie }),
    ...(ready.path === undefined ? {} : { readyPath: ready.path, readyStatus: ready.status }),
  }
}

function placeOf({ index, generation, sockets }: Place): Pick<WorkerSpec, 'index' | 'generation' | 'sockets'> {
  const inherited = sockets.map((socket, i) => ({ fd: workerFds.firstSocket + i, address: socket.label }))
  return { index, generation, sockets: inherited }
}

function launchOf(app: AppConfig, identity: Identity, spec: WorkerSpec, place: Place): Launch {
  return {
    command: process.execPath,
    args: [...app.node, workerFile],
    cwd: app.cwd,
    env: { ...inheritedEnvironment(), ...identity.env, ...app.env, SAOLA_WORKER: JSON.stringify(spec) },
    uid: identity.uid,
    gid: identity.gid,
    fds: spec.accept === 'worker' ? place.sockets.map(socket => socket.fd) : [],
  }
}
