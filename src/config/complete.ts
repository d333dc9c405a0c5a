import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Address, formatAddress } from '../base/address.ts'
import { controlSocketOf, stateFolderOf } from '../base/state-folder.ts'
import type { ProgramOptions } from '../programs/options.ts'
import { resolveProxies } from './complete-programs.ts'
import type { AppConfig, Config, LoadRequest } from './config.ts'

type Log = Omit<Config['log'], 'format'> & { readonly format: Config['log']['format'] | 'auto' }

/** What is no setting. */
type Circumstances = Pick<Config, 'mode' | 'file' | 'dir' | 'stateDir' | 'variables'>

/** A configuration that is checked, but for what depends on the machine and the folder. */
export interface Unfinished extends Omit<Config, 'name' | 'apps' | 'log' | keyof Circumstances> {
  readonly name?: string | undefined
  readonly apps: Readonly<Record<string, Omit<AppConfig, 'name'>>>
  readonly log: Log
}

/** Gives everything that is `auto` its value. */
export function completeConfig(
  { name: chosenName, apps, programs, log, control, store, dashboard, metrics, ...rest }: Unfinished,
  { mode, env, fromFiles = {}, tty = false }: LoadRequest,
  { file, dir }: { readonly file: string | undefined; readonly dir: string },
): Config {
  const name = chosenName ?? nameOfFolder(dir)
  const stateDir = stateFolderOf(dir, name)
  const format = log.format === 'auto' ? (tty && log.file === '-' ? 'pretty' : 'json') : log.format
  const ownPrograms = mapValues(programs, program => completeProgram(program, dir))
  return {
    ...rest,
    name,
    apps: mapValues(apps, (app, key) => ({
      ...completeApp(key, app, format, dir),
      edge: resolveProxies(app.edge, ownPrograms, env),
    })),
    programs: ownPrograms,
    store: {
      ...store,
      dir: store.dir === 'auto' ? join(stateDir, 'store') : store.dir,
      ...(store.listen && { listen: store.listen.map(address => resolveAddress(address, dir)) }),
    },
    dashboard: { ...dashboard, ...resolveListen(dashboard, dir) },
    metrics: { ...metrics, ...resolveListen(metrics, dir) },
    control: { socket: control.socket === 'auto' ? controlSocketOf(stateDir, env) : control.socket },
    log: { ...log, format },
    mode,
    file,
    dir,
    stateDir,
    variables: Object.fromEntries(Object.keys(fromFiles).map(variable => [variable, env[variable] ?? ''])),
  }
}

function completeApp(name: string, app: Omit<AppConfig, 'name'>, logFormat: string, dir: string): AppConfig {
  const { accessLog } = app
  const format = logFormat === 'json' ? 'json' : 'combined'
  return {
    ...app,
    name,
    listen: app.listen.map(address => resolveAddress(address, dir)),
    ...(app.tls && { tls: { ...app.tls, redirect: app.tls.redirect.map(address => resolveAddress(address, dir)) } }),
    accessLog: accessLog && accessLog.format === 'auto' ? { ...accessLog, format } : accessLog,
  }
}

function completeProgram(program: ProgramOptions, dir: string): ProgramOptions {
  const { listen } = program
  return { ...program, ...(listen && { listen: listen.map(address => resolveAddress(address, dir)) }) }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}

function resolveListen({ listen }: { readonly listen?: readonly Address[] | undefined }, dir: string) {
  return listen && { listen: listen.map(address => resolveAddress(address, dir)) }
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
  listeners: readonly {
    /** `apps.web` or `programs.legacy`. */
    readonly where: string
    readonly listen: readonly Address[]
    readonly redirect?: readonly Address[]
  }[],
): string[] {
  const taken: { where: string; address: Address }[] = []
  return listeners.flatMap(({ where, listen, redirect = [] }) =>
    [...listen, ...redirect].flatMap((address, index) => {
      const setting = index < listen.length ? 'listen' : 'tls.redirect'
      const other = taken.find(candidate => isSame(candidate.address, address))
      taken.push({ where, address })
      if (!other) return []
      const itself = `this ${kindOf(where)} itself`
      const holder = other.where === where ? itself : other.where
      return `${where}.${setting} expected an address of its own, got ${formatAddress(address)}, which ${holder} has.`
    }),
  )
}

function kindOf(where: string): string {
  if (where.startsWith('apps.')) return 'application'
  return where.startsWith('programs.') ? 'program' : 'section'
}

function isSame(a: Address, b: Address): boolean {
  if (a.kind !== 'tcp' || b.kind !== 'tcp') return formatAddress(a) === formatAddress(b)
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || isEveryInterface(a.host) || isEveryInterface(b.host)
}

function isEveryInterface(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
