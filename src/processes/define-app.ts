/** What the supervisor must know of an application, made of its section of the configuration. */
import { formatAddress } from '../base/address.ts'
import { type Identity, identityOf } from '../base/identity.ts'
import { memoryBytes } from '../base/memory-limit.ts'
import type { AppConfig, Config } from '../config/config.ts'
import { defaultEdge } from '../config/generated.ts'
import type { EdgeSettings } from '../edge/options.ts'
import type { SocketSpec, WorkerSpec } from '../ipc/messages.ts'
import { type AppDefinition, acceptorOf, type Place } from '../supervisor/app-definition.ts'
import type { GroupSpec } from '../supervisor/fleet.ts'
import { type Launch, workerFds } from '../supervisor/spawn-process.ts'
import type { Keepers } from './certificates.ts'
import { monitorAddresses } from './define-monitor.ts'
import { treeStoreOf } from './define-store.ts'
import { describeEntry } from './describe-entry.ts'
import { inheritedEnvironment, workerFile } from './worker-launch.ts'

/**
 * The applications of a configuration; `revision` counts the configurations that were loaded, from 1.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when a user or group does not exist.
 */
export function defineApps(config: Config, revision: number, keepers: Keepers): AppDefinition[] {
  return Object.values(config.apps).map(app => defineApp(app, { config, revision, keepers }))
}

interface Source {
  readonly config: Config
  readonly revision: number
  readonly keepers: Keepers
}

function defineApp(app: AppConfig, { config, revision, keepers }: Source): AppDefinition {
  const identity = identityOf(app.user, app.group)
  const env = { ...inheritedEnvironment(config), ...identity.env, ...app.env }
  const countsTraffic = monitorAddresses(config).length > 0
  const tree = { tree: config.name, store: JSON.stringify(treeStoreOf(config)), countsTraffic }
  const fixed = { ...workerSpec(app), ...tree, app: app.name, accept: acceptorOf(app) }
  const entry = describeEntry(app)
  const { accessLog } = app
  return {
    spec: groupSpec(app, revision),
    entry,
    addresses: addressesOf(app),
    protocols: protocolsOf(app),
    credentials: () => keepers.get(app.name)?.credentials,
    balance: app.balance,
    stickyCookie: stickyCookieOf(app),
    backlog: app.backlog,
    maxConnections: app.maxConnections,
    stdout: app.stdout,
    stderr: app.stderr,
    accessLog: accessLog && accessLog.file !== '-' ? accessLog : undefined,
    launch: place => launchOf({ app, identity, env }, { ...fixed, ...placeOf(app, place) }, place),
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
    dependsOn: app.dependsOn,
  }
}

/** A share is one of what each worker may have when all of them grow alike. */
function bytesOf(limit: { fraction: number } | { bytes: number } | undefined, workers: number): number | undefined {
  if (limit === undefined) return undefined
  return 'bytes' in limit ? limit.bytes : Math.floor((memoryBytes() / workers) * limit.fraction)
}

type FixedSpec = Omit<
  WorkerSpec,
  'tree' | 'store' | 'countsTraffic' | 'app' | 'accept' | 'index' | 'generation' | 'sockets'
>

function workerSpec(app: AppConfig): FixedSpec {
  const { graceful, ready, recycle, accessLog } = app
  const cookie = stickyCookieOf(app)
  return {
    ...(app.app === undefined ? {} : { entry: app.app }),
    ...edgeOf(app),
    workersMax: app.workers.max,
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

function edgeOf({ edge, tls, keepAlive }: AppConfig): { edge: EdgeSettings } | undefined {
  if (!edge && !tls) return undefined
  // What is in the environment of a process can be read there.
  const { passphrase, ...known } = tls ?? {}
  return { edge: { ...(edge ?? defaultEdge), tls: tls && known, keepAliveMs: keepAlive } as EdgeSettings }
}

/** Where it listens: behind its own addresses come those that only send to TLS. */
function addressesOf({ listen, tls }: AppConfig): AppDefinition['addresses'] {
  return [...listen, ...(tls?.redirect ?? [])]
}

/** What is spoken on each of them. Who comes over a Unix socket is on this machine, mostly a proxy that has ended TLS. */
function protocolsOf({ listen, tls }: AppConfig): AppDefinition['protocols'] {
  if (!tls) return listen.map(() => 'http')
  return [
    ...listen.map(({ kind }) => (kind === 'unix' ? ('http' as const) : ('https' as const))),
    ...tls.redirect.map(() => 'redirect' as const),
  ]
}

function placeOf(
  app: AppConfig,
  { index, generation, sockets }: Place,
): Pick<WorkerSpec, 'index' | 'generation' | 'sockets'> {
  const protocols = protocolsOfSockets(app, sockets)
  const inherited = sockets.map((socket, i) => ({
    fd: workerFds.firstSocket + i,
    address: socket.label,
    protocol: protocols[i] ?? 'http',
  }))
  return { index, generation, sockets: inherited }
}

/** Sockets come in the order of their addresses, one each; only systemd may pass several for one. */
function protocolsOfSockets(app: AppConfig, sockets: Place['sockets']): SocketSpec['protocol'][] {
  const left = addressesOf(app).map((address, index) => ({ address, protocol: protocolsOf(app)[index] ?? 'http' }))
  return sockets.map(({ key }) => {
    while (left.length > 1 && left[0] && formatAddress(left[0].address) !== key) left.shift()
    const [current] = left
    if (current && current.address.kind !== 'systemd') left.shift()
    return current?.protocol ?? 'http'
  })
}

interface Surroundings {
  readonly app: AppConfig
  readonly identity: Identity
  readonly env: NodeJS.ProcessEnv
}

function launchOf({ app, identity, env }: Surroundings, spec: WorkerSpec, place: Place): Launch {
  return {
    command: process.execPath,
    args: [...app.node, workerFile],
    cwd: app.cwd,
    env: { ...env, SAOLA_WORKER: JSON.stringify(spec) },
    uid: identity.uid,
    gid: identity.gid,
    fds: spec.accept === 'worker' ? place.sockets.map(socket => socket.fd) : [],
  }
}
