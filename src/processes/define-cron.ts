/** What is run at certain times, made of the section `cron` of the configuration. */
import { fileURLToPath } from 'node:url'
import { commandWords } from '../base/command-line.ts'
import { type Identity, identityOf } from '../base/identity.ts'
import { fillTemplate } from '../base/templates.ts'
import type { Config } from '../config/config.ts'
import { type CronModuleSpec, cronModuleVariable } from '../programs/cron/cron-context.ts'
import type { CronDefinition, RunAsked } from '../programs/cron/cron-definition.ts'
import type { ProgramLaunch } from '../supervisor/spawn-program.ts'
import { treeStoreOf } from './define-store.ts'
import { giveStoreFolder } from './store-folder.ts'
import { inheritedEnvironment } from './worker-launch.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const moduleFile = fileURLToPath(new URL(`./cron.${extension}`, import.meta.url))

type CronConfig = Config['cron'][string]

export interface CronSource {
  readonly config: Config
  /** A tree that runs starts them, and not somebody without one. */
  readonly hasTree: boolean
}

/** @throws {ServerError} ERR_USER_UNKNOWN when a user or group does not exist. */
export function defineCron(source: CronSource): CronDefinition[] {
  return Object.entries(source.config.cron).map(([name, cron]) => {
    const parts = { name, cron, source, identity: identityFor(cron, source.config) }
    const { stdout, stderr } = cron
    return {
      name,
      schedule: cron.schedule.trim(),
      timeZone: cron.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      catchUp: cron.catchUp,
      overlap: cron.overlap,
      timeoutMs: cron.timeout,
      stopSignal: stopSignalOf(cron),
      stopTimeoutMs: cron.stopTimeout,
      successExitCodes: cron.successExitCodes,
      stdout,
      stderr: stderr === 'stdout' ? undefined : stderr,
      launch: asked => launchOf(parts, asked),
    }
  })
}

function stopSignalOf({ stopSignal }: CronConfig): NodeJS.Signals {
  return `SIG${stopSignal}`
}

/** A module is code of the application, and uses its store: so it is run as that is. */
function identityFor({ user, group, module }: CronConfig, { apps }: Config): Identity {
  const [app] = Object.values(apps)
  const isAsApp = module !== undefined && user === undefined && group === undefined
  return isAsApp ? identityOf(app?.user, app?.group) : identityOf(user, group)
}

interface Parts {
  readonly name: string
  readonly cron: CronConfig
  readonly source: CronSource
  readonly identity: Identity
}

function launchOf(parts: Parts, asked: RunAsked): ProgramLaunch {
  const { name, cron, identity } = parts
  const environment = inheritedEnvironment(parts.source.config)
  const fill = (text: string) => fillTemplate(text, { name, env: environment })
  const own = Object.entries(cron.env).map(([key, value]) => [key, fill(value)] as const)
  const isModule = cron.module !== undefined
  if (isModule) openStoreFolder(parts.source.config)
  return {
    argv: isModule ? moduleWords(parts) : [...commandOf(cron, fill), ...asked.args],
    cwd: cron.cwd,
    env: {
      ...environment,
      ...identity.env,
      ...(isModule && moduleEnvironment(parts, asked)),
      SAOLA_RUN: name,
      SAOLA_RUN_TIME: new Date(asked.scheduledAt).toISOString(),
      ...Object.fromEntries(own),
    },
    uid: identity.uid,
    gid: identity.gid,
    umask: cron.umask,
    stdin: 'closed',
    mergesStderr: cron.stderr === 'stdout',
    sockets: [],
    hasChannel: isModule,
  }
}

/**
 * Before the first use of the store, its folder is root's alone. A run as another user would find it shut before the supervisor
 * has heard that it is wanted.
 */
function openStoreFolder(config: Config): void {
  const [app] = Object.values(config.apps)
  try {
    if (config.store.url === undefined) giveStoreFolder(config, identityOf(app?.user, app?.group))
  } catch {
    // Not every module uses the store, and one that does says what is wrong with the folder.
  }
}

/** Behind the words of a shell come its own name and then its arguments: `$1`, `$2`, `"$@"`. */
function commandOf({ command = [], shell }: CronConfig, fill: (text: string) => string): readonly string[] {
  return [...commandWords({ command, shell }).map(fill), ...(shell ? ['sh'] : [])]
}

function moduleWords({ source }: Parts): readonly string[] {
  const [app] = Object.values(source.config.apps)
  return [process.execPath, ...(app?.node ?? []), moduleFile]
}

function moduleEnvironment({ name, cron, source }: Parts, { scheduledAt, args }: RunAsked): NodeJS.ProcessEnv {
  const { config, hasTree } = source
  const [app] = Object.values(config.apps)
  const spec: CronModuleSpec = {
    tree: config.name,
    name,
    module: cron.module ?? '',
    scheduledAt,
    args,
    stopSignal: stopSignalOf(cron),
    store: JSON.stringify(treeStoreOf(config)),
    hasTree,
  }
  return { ...app?.env, [cronModuleVariable]: JSON.stringify(spec) }
}
