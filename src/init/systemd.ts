/** Units of systemd for a project: the service, hardened, and the sockets that it is given. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Deployment, placeOf, portsOf } from './deployment.ts'
import type { PlannedFiles } from './dockerfile.ts'
import type { PlannedFile } from './planned-file.ts'
import { planSockets, type SocketPlan, socketText } from './systemd-sockets.ts'
import { unitCommand, unitText, unitWord } from './unit-text.ts'

export interface SystemdSource {
  readonly deployment: Deployment
  /** Where the units are written to, from the project's folder. */
  readonly dir: string
  /** Node, and the program of Saola, both absolute. */
  readonly node: string
  readonly program: string
}

export interface PlannedUnits extends PlannedFiles {
  /** How they come into force, for root. */
  readonly steps: readonly string[]
}

// The supervisor says that it is alive at half of it.
const watchdogSeconds = 30
// A reload counts, too, which replaces one worker after the other.
const startSecondsMin = 300

export function planSystemd({ deployment, dir, node, program }: SystemdSource): PlannedUnits {
  const sockets = planSockets(deployment)
  const user = userOf(deployment)
  const service = `${deployment.name}.service`
  const text = serviceText({ deployment, sockets, user: user.name, command: [node, program] })
  const files: PlannedFile[] = [
    { path: join(dir, service), text },
    ...sockets.units.map(unit => ({
      path: join(dir, unit.file),
      text: socketText(unit, { service, user: user.name }),
    })),
  ]
  const units = [...sockets.units.map(({ file }) => file), service]
  return {
    files,
    notes: [...sockets.notes, ...homeNotes([node, program])],
    steps: [
      ...(user.isThere
        ? []
        : [`useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${user.name}`]),
      `cp ${files.map(({ path }) => path).join(' ')} /etc/systemd/system/`,
      'systemctl daemon-reload',
      `systemctl enable --now ${units.join(' ')}`,
    ],
  }
}

interface ServiceParts {
  readonly deployment: Deployment
  readonly sockets: SocketPlan
  readonly user: string
  /** Node and the program. */
  readonly command: readonly string[]
}

function serviceText({ deployment, sockets, user, command }: ServiceParts): string {
  const { name, folder, stopMs, bootMs } = deployment
  const config = deployment.configFile === undefined ? [] : ['-c', placeOf(deployment.configFile, folder)]
  const written = [...new Set([deployment.stateFolder, ...deployment.writtenFolders])]
  const made = written.filter(path => path !== folder)
  const units = sockets.units.map(({ file }) => file).join(' ')
  const lines = [
    '# Written by "saola init systemd". It is yours: change what does not fit.',
    '[Unit]',
    `Description=${unitText(name)}, served by Saola`,
    'Wants=network-online.target',
    'After=network-online.target',
    ...(units === '' ? [] : [`Requires=${unitText(units)}`]),
    '',
    '[Service]',
    '# It says itself when it is ready, and that it is alive; the messages come from a child, systemd-notify.',
    'Type=notify',
    'NotifyAccess=all',
    `WatchdogSec=${watchdogSeconds}`,
    `User=${user}`,
    `WorkingDirectory=${unitText(folder)}`,
    'Environment=NODE_ENV=production',
    ...sockets.variables.map(([variable, value]) => `Environment=${unitWord(`${variable}=${value}`)}`),
    ...(units === '' ? [] : [`Sockets=${unitText(units)}`]),
    '# As root: what it writes to has to be there before all else becomes read-only.',
    `ExecStartPre=+${unitCommand(['/usr/bin/install', '-d', '-m', '0750', '-o', user, ...made])}`,
    `ExecStart=${unitCommand([...command, 'start', ...config])}`,
    '# Ends when the last worker was replaced, and fails when the new ones do not become ready: the old ones serve on.',
    `ExecReload=${unitCommand([...command, 'reload', '--wait', ...config])}`,
    `TimeoutStartSec=${Math.max(startSecondsMin, 2 * Math.ceil(bootMs / 1_000))}`,
    'Restart=on-failure',
    'RestartSec=1',
    '# The supervisor alone is asked to stop: it drains its workers. What is left when it is gone is killed.',
    'KillMode=mixed',
    `TimeoutStopSec=${Math.ceil(stopMs / 1_000)}`,
    '# A worker that the kernel has killed for memory is replaced by the supervisor.',
    'OOMPolicy=continue',
    'LimitNOFILE=65536',
    '',
    ...hardening({ deployment, sockets, written, command }),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]
  return `${lines.join('\n')}\n`
}

interface Hardening extends Pick<ServiceParts, 'deployment' | 'sockets' | 'command'> {
  readonly written: readonly string[]
}

function hardening({ deployment, sockets, written, command }: Hardening): string[] {
  const paths = [deployment.folder, ...command]
  const isInHome = paths.some(path => homes.test(path))
  const isInTmp = paths.some(path => /^(?:\/var)?\/tmp\//.test(path))
  const binds = portsOf(sockets.left).some(port => port < 1_024)
  return [
    '# Everything is read-only but these, /tmp of its own, and what the kernel needs. The minus lets ExecStartPre= make them.',
    'ProtectSystem=strict',
    `ReadWritePaths=${written.map(path => unitWord(`-${path}`)).join(' ')}`,
    `ProtectHome=${isInHome ? 'read-only' : 'yes'}`,
    // A /tmp of its own would hide them.
    `PrivateTmp=${isInTmp ? 'no' : 'yes'}`,
    'PrivateDevices=yes',
    'UMask=0027',
    'NoNewPrivileges=yes',
    ...(binds ? ['AmbientCapabilities=CAP_NET_BIND_SERVICE'] : []),
    `CapabilityBoundingSet=${binds ? 'CAP_NET_BIND_SERVICE' : ''}`,
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'RemoveIPC=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'ProtectProc=invisible',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged',
    '# A call that is not allowed fails, and kills nobody: Node tries some that it can do without.',
    'SystemCallErrorNumber=EPERM',
    '# Not MemoryDenyWriteExecute=yes: V8 makes machine code while it runs, and could not start.',
  ]
}

const homes = /^\/(?:home|root|run\/user)(?:\/|$)/

function homeNotes(paths: readonly string[]): string[] {
  const inHome = paths.filter(path => homes.test(path))
  if (inHome.length === 0) return []
  return [
    `${inHome.join(' and ')} may not be there on another machine, or not readable for the service: ExecStart= has it.`,
  ]
}

/** Whoever owns the project; but neither root nor nobody, whom others share: such a project gets a user of its own. */
function userOf({ folder, name }: Deployment): { readonly name: string; readonly isThere: boolean } {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
  const { uid } = statSync(folder)
  const owner = accounts.find(([, , id]) => id === String(uid))?.[0]
  if (owner !== undefined && uid !== 0 && owner !== 'nobody') return { name: owner, isThere: true }
  const own =
    name
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^[^a-z_]+/, '')
      .slice(0, 31) || 'saola'
  return { name: own, isThere: accounts.some(([user]) => user === own) }
}
