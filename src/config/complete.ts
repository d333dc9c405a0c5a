import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Address, formatAddress } from '../base/address.ts'
import { controlSocketOf, stateFolderOf } from '../base/state-folder.ts'
import type { AppConfig, Config, LoadRequest } from './config.ts'

type Log = Omit<Config['log'], 'format'> & { readonly format: Config['log']['format'] | 'auto' }

/** A configuration that is checked, but for what depends on the machine and the folder. */
export interface Unfinished extends Omit<Config, 'name' | 'apps' | 'log' | 'mode' | 'file' | 'dir' | 'stateDir'> {
  readonly name?: string | undefined
  readonly apps: Readonly<Record<string, Omit<AppConfig, 'name'>>>
  readonly log: Log
}

/** Gives everything that is `auto` its value. */
export function completeConfig(
  { name: chosenName, apps, log, control, store, ...rest }: Unfinished,
  { mode, env, tty = false }: LoadRequest,
  { file, dir }: { readonly file: string | undefined; readonly dir: string },
): Config {
  const name = chosenName ?? nameOfFolder(dir)
  const stateDir = stateFolderOf(dir, name)
  const format = log.format === 'auto' ? (tty && log.file === '-' ? 'pretty' : 'json') : log.format
  return {
    ...rest,
    name,
    apps: Object.fromEntries(
      Object.entries(apps).map(([app, options]) => [app, completeApp(app, options, format, dir)]),
    ),
    store: {
      ...store,
      dir: store.dir === 'auto' ? join(stateDir, 'store') : store.dir,
      ...(store.listen && { listen: store.listen.map(address => resolveAddress(address, dir)) }),
    },
    control: { socket: control.socket === 'auto' ? controlSocketOf(stateDir, env) : control.socket },
    log: { ...log, format },
    mode,
    file,
    dir,
    stateDir,
  }
}

function completeApp(name: string, app: Omit<AppConfig, 'name'>, logFormat: string, dir: string): AppConfig {
  const { accessLog } = app
  const format = logFormat === 'json' ? 'json' : 'combined'
  return {
    ...app,
    name,
    listen: app.listen.map(address => resolveAddress(address, dir)),
    accessLog: accessLog && accessLog.format === 'auto' ? { ...accessLog, format } : accessLog,
  }
}

function resolveAddress(address: Address, dir: string): Address {
  return address.kind === 'unix' ? { kind: 'unix', path: resolve(dir, address.path) } : address
}

/** What a tree is called when nobody says: as its package, without the scope, or else as its folder. */
function nameOfFolder(dir: string): string {
  return sanitise(packageNameIn(dir)?.replace(/^@[^/]*\//, '')) || sanitise(basename(dir)) || 'app'
}

function packageNameIn(dir: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { name?: unknown }
    return typeof name === 'string' ? name : undefined
  } catch {
    // No package.json, or one that is not ours to complain about: the folder has a name, too.
    return undefined
  }
}

function sanitise(name = ''): string {
  return name
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)
}

/**
 * Addresses that two sockets cannot both have, one line each. An address for every interface takes its port from all
 * others; port 0 is a new one each time.
 */
export function findConflicts(
  apps: readonly { readonly name: string; readonly listen: readonly Address[] }[],
): string[] {
  const taken: { app: string; address: Address }[] = []
  return apps.flatMap(({ name, listen }) =>
    listen.flatMap(address => {
      const other = taken.find(candidate => isSame(candidate.address, address))
      taken.push({ app: name, address })
      if (!other) return []
      const holder = other.app === name ? 'this application itself' : `apps.${other.app}`
      return `apps.${name}.listen expected an address of its own, got ${formatAddress(address)}, which ${holder} has.`
    }),
  )
}

function isSame(a: Address, b: Address): boolean {
  if (a.kind !== 'tcp' || b.kind !== 'tcp') return formatAddress(a) === formatAddress(b)
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || isEveryInterface(a.host) || isEveryInterface(b.host)
}

function isEveryInterface(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
