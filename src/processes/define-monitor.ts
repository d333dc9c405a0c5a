/** What the supervisor must know of the process that shows the tree, `monitor:0`: made of the sections `dashboard` and `metrics`. */
import { fileURLToPath } from 'node:url'
import { type Address, formatAddress } from '../base/address.ts'
import { fingerprint } from '../base/state-folder.ts'
import type { Config } from '../config/config.ts'
import type { Place, ServiceDefinition } from '../supervisor/app-definition.ts'
import type { GroupSpec } from '../supervisor/fleet.ts'
import { workerFds } from '../supervisor/spawn-process.ts'
import type { DashboardLinks } from './dashboard-links.ts'
import { treeStoreOf } from './define-store.ts'
import { type MonitorSpec, monitorVariable } from './monitor-spec.ts'
import { inheritedEnvironment } from './worker-launch.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const processFile = fileURLToPath(new URL(`./monitor.${extension}`, import.meta.url))

/** The name of its group. */
export const monitorGroup = 'monitor'

const groupSpec: GroupSpec = {
  kind: 'monitor',
  name: monitorGroup,
  revision: 0,
  workers: 1,
  scaling: { min: 1, max: 1 },
  bootTimeoutMs: 30_000,
  timeoutMs: 30_000,
  stopTimeoutMs: 2_000,
  stopDelayMs: 0,
  startMs: 1_000,
  // The tree serves without it.
  startRetries: Number.MAX_SAFE_INTEGER,
  backoff: { min: 100, max: 10_000 },
  lifetimeMs: 0,
  softBytes: undefined,
  hardBytes: undefined,
}

export interface MonitorSource {
  /** Counts the configurations that were loaded. */
  readonly revision: number
  readonly version: string
  readonly secret: string
  readonly links: DashboardLinks
}

/** Where somebody looks at the tree; none: nobody does. */
export function monitorAddresses({ dashboard, metrics }: Pick<Config, 'dashboard' | 'metrics'>): Address[] {
  return [...(dashboard.listen ?? []), ...(metrics.listen ?? [])]
}

/** None, unless somebody is to look at the tree. */
export function defineMonitors(config: Config, source: MonitorSource): ServiceDefinition[] {
  const { dashboard, metrics } = config
  const addresses = monitorAddresses(config)
  if (addresses.length === 0) return []
  // A reload that changes nothing of this leaves it alone, with the history that it keeps.
  const made = JSON.stringify({ dashboard, metrics, hasTasks: config.tasks !== undefined })
  return [
    {
      spec: { ...groupSpec, revision: source.revision, fingerprint: fingerprint(made) },
      starts: 'with the tree',
      addresses,
      stdout: undefined,
      stderr: undefined,
      launch: place => ({
        command: process.execPath,
        args: [processFile],
        cwd: config.dir,
        // It runs no code of the project, and so has no use for the project's variables. It has to reach the control socket, which is
        // only for whom the supervisor runs as.
        env: {
          ...inheritedEnvironment({ variables: {} }),
          NODE_OPTIONS: '',
          [monitorVariable]: JSON.stringify(specOf(config, source, place)),
        },
        uid: undefined,
        gid: undefined,
        fds: place.sockets.map(({ fd }) => fd),
      }),
    },
  ]
}

function specOf(config: Config, { version, secret, links }: MonitorSource, place: Place): MonitorSpec {
  const { dashboard, metrics } = config
  const take = takerOf(place)
  return {
    tree: config.name,
    version,
    controlSocket: config.control.socket,
    store: JSON.stringify(treeStoreOf(config)),
    hasTasks: config.tasks !== undefined,
    secret,
    dashboard: dashboard.listen && {
      fds: take(dashboard.listen),
      listen: dashboard.listen.map(formatAddress),
      isReadOnly: dashboard.readOnly,
      hosts: dashboard.hosts,
      users: dashboard.users,
      sessionMs: dashboard.session,
      tls: dashboard.tls,
      signedOut: links.signedOut,
    },
    metrics: metrics.listen && { fds: take(metrics.listen), allow: metrics.allow, minReady: metrics.minReady },
  }
}

/** Gives the numbers under which the process inherits the sockets of addresses, which come in the order of all addresses. */
function takerOf({ sockets }: Place): (addresses: readonly Address[]) => number[] {
  const left = sockets.map(({ key }, index) => ({ key, fd: workerFds.firstSocket + index }))
  return addresses =>
    addresses.flatMap(address => {
      const key = formatAddress(address)
      // systemd may have passed several of one name; of any other address there is one.
      const count = address.kind === 'systemd' ? left.filter(socket => socket.key === key).length : 1
      const at = left.findIndex(socket => socket.key === key)
      return left.splice(at, count).map(({ fd }) => fd)
    })
}
