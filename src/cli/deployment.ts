/** What of a configuration counts for the files of a container or a machine. */
import { dirname, relative } from 'node:path'
import { splitCommand } from '../base/command-line.ts'
import type { AppConfig, Config } from '../config/config.ts'
import { variableOf } from '../config/environment.ts'
import { findConfigFile } from '../config/find-file.ts'
import type { DeployedApp, DeployedCommand, DeployedRedis, Deployment } from '../init/deployment.ts'

// What the store and the supervisor itself have to do when the last worker is gone.
const lastWordsMs = 10_000

/** `folder` is where the command was given. */
export function deploymentOf(config: Config, folder: string): Deployment {
  const { name, dir, file, store, tasks, programs, cron } = config
  const apps = Object.values(config.apps)
  const isFound = file === undefined || (dir === folder && findConfigFile(folder) === file)
  const drains = apps.map(({ graceful }) => graceful.delay + graceful.timeout)
  const runs = Object.values(cron).map(({ stopTimeout }) => stopTimeout)
  const stops = Object.values(programs).map(({ stopTimeout }) => stopTimeout)
  return {
    name,
    folder,
    configFile: isFound ? undefined : file,
    stateFolder: dirname(config.stateDir),
    apps: apps.map(app => deployedApp(app, apps.length)),
    writtenFolders: writtenFolders(config),
    staticFolders: [...new Set(apps.flatMap(staticFoldersOf))],
    redis: store.url === undefined ? undefined : redisOf(store.url, store.password !== undefined),
    commands: [...commandsOf('programs', programs), ...commandsOf('cron', cron)],
    // Programs end when those that need them are gone, at worst one after the other.
    stopMs:
      Math.max(...drains, ...runs, tasks?.drainTimeout ?? 0) + stops.reduce((sum, ms) => sum + ms, 0) + lastWordsMs,
    bootMs: Math.max(...apps.map(({ bootTimeout }) => bootTimeout), 10_000),
    otherListen: [...(store.listen ?? []), ...Object.values(programs).flatMap(({ listen }) => listen ?? [])],
  }
}

function deployedApp(app: AppConfig, count: number): DeployedApp {
  const { name, listen, tls, ready, backlog, node } = app
  return {
    name,
    listen,
    redirect: tls?.redirect ?? [],
    hasTls: tls !== undefined,
    ready: ready.path === undefined ? undefined : { path: ready.path, status: ready.status },
    backlog,
    variables: { listen: variableOf(`apps.${name}.listen`), redirect: variableOf(`apps.${name}.tls.redirect`) },
    takesPort: count === 1 || name === 'web',
    preloads: preloadsOf(node),
  }
}

/** The packages that flags such as `--import tsx` load. */
function preloadsOf(flags: readonly string[]): string[] {
  const words = flags.flatMap(flag => flag.split('='))
  return words.flatMap((word, index) => {
    const isLoader = /^(?:-r|--require|--import|--loader|--experimental-loader)$/.test(words[index - 1] ?? '')
    const name = /^(?:@[^/]+\/)?[^./][^/]*/.exec(word)?.[0]
    return isLoader && name !== undefined ? [name] : []
  })
}

/** Folders of logs, and of a store that is not with the state. */
function writtenFolders(config: Config): string[] {
  const { log, store, stateDir, pidFile, control } = config
  const logs = Object.values(config.apps).flatMap(({ accessLog, stdout, stderr }) => [
    ...(accessLog ? [accessLog.file] : []),
    stdout?.file,
    stderr?.file,
  ])
  const outputs = [...Object.values(config.programs), ...Object.values(config.cron)].flatMap(({ stdout, stderr }) => [
    stdout?.file,
    stderr === 'stdout' ? undefined : stderr?.file,
  ])
  const files = [log.file, pidFile, control.socket, ...logs, ...outputs].filter(
    file => file !== undefined && file !== '-',
  )
  const folders = [...files.map(file => dirname(file ?? '')), ...(store.url === undefined ? [store.dir] : [])]
  const state = dirname(stateDir)
  const isIn = (path: string, folder: string) => !relative(folder, path).startsWith('..')
  const comesByItself = (path: string) => isIn(path, state) || (!isIn(path, config.dir) && isFleeting.test(path))
  return [...new Set(folders)].filter(path => !comesByItself(path))
}

const isFleeting = /^\/(?:tmp|dev|run\/user)(?:\/|$)/

function staticFoldersOf({ edge }: AppConfig): string[] {
  return Object.values(edge?.static ?? {}).map(mount => (typeof mount === 'string' ? mount : mount.dir))
}

/** Of a cluster the first node; what is no address of Redis over TCP is nobody's service. */
function redisOf(url: string, hasOwnPassword: boolean): DeployedRedis | undefined {
  const first = url.split(',')[0] ?? ''
  if (!/^rediss?:/.test(first) || !URL.canParse(first)) return undefined
  const { hostname, port, password } = new URL(first)
  return { host: hostname, port: Number(port) || 6379, hasPassword: hasOwnPassword || password !== '' }
}

/** Modules of cron are run by Node, and have no command. */
function commandsOf(section: string, entries: Config['programs'] | Config['cron']): DeployedCommand[] {
  return Object.entries(entries).flatMap(([name, { command, shell }]) => {
    if (command === undefined) return []
    const words = typeof command === 'string' ? (shell ? ['/bin/sh'] : splitCommand(command)) : command
    return words[0] === undefined ? [] : [{ where: `${section}.${name}`, command: words[0] }]
  })
}
