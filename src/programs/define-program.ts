/** What the supervisor must know of a program, made of its section of the configuration. */
import { commandWords } from '../base/command-line.ts'
import { type Identity, identityOf } from '../base/identity.ts'
import { fillTemplate } from '../base/templates.ts'
import type { LogFile, Place, ProgramDefinition } from '../supervisor/app-definition.ts'
import type { GroupSpec, ProgramRules } from '../supervisor/fleet.ts'
import type { ProgramLaunch } from '../supervisor/spawn-program.ts'
import type { ProgramOptions as Program } from './options.ts'
import { Turnstile } from './turnstile.ts'
import { watchProgram } from './watch-program.ts'

export interface ProgramSource {
  /** Counts the configurations that were loaded. */
  readonly revision: number
  /** What every process of the tree inherits. */
  readonly environment: NodeJS.ProcessEnv
}

/**
 * The programs of a configuration.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when a user or group does not exist.
 */
export function definePrograms(
  programs: Readonly<Record<string, Program>>,
  source: ProgramSource,
): ProgramDefinition[] {
  const turnstile = new Turnstile()
  return Object.entries(programs).map(([name, program]) => {
    const identity = identityOf(program.user, program.group)
    const launch = (place: Pick<Place, 'index' | 'sockets'>) => launchOf(name, program, { identity, source, place })
    return {
      spec: groupSpec(name, program, source),
      addresses: program.listen ?? [],
      launch,
      filesOf: index => filesOf(program, fillerOf(name, index, source)),
      watch: watched =>
        watchProgram(watched, {
          ready: program.ready,
          health: program.health,
          fill: fillerOf(name, watched.index, source),
          launch: launch({ index: watched.index, sockets: [] }),
          turnstile,
        }),
    }
  })
}

function groupSpec(name: string, program: Program, source: ProgramSource): GroupSpec {
  const { instances, ready, recycle } = program
  return {
    kind: 'program',
    name,
    revision: source.revision,
    workers: instances,
    scaling: { min: instances, max: instances },
    bootTimeoutMs: ready?.timeout ?? Number.POSITIVE_INFINITY,
    // It gives no sign of life that could be missed: `health` looks at it from outside.
    timeoutMs: 0,
    stopTimeoutMs: program.stopTimeout,
    stopDelayMs: 0,
    startMs: program.startSeconds,
    startRetries: program.startRetries,
    backoff: program.backoff,
    lifetimeMs: recycle.lifetime,
    softBytes: recycle.memory.soft,
    hardBytes: recycle.memory.hard,
    dependsOn: program.dependsOn,
    fingerprint: fingerprintOf(program, source.environment),
    program: rulesOf(program),
  }
}

function rulesOf(program: Program): ProgramRules {
  return {
    autostart: program.autostart,
    restart: program.restart,
    successExitCodes: program.successExitCodes,
    priority: program.priority,
    isProbed: program.ready !== undefined,
    stopSignal: `SIG${program.stopSignal}`,
    stopsGroup: program.stopMode === 'group',
  }
}

/** Of all that takes a new process to change, also a variable of `.env`. What holds at once is in the specification alone. */
function fingerprintOf(program: Program, environment: NodeJS.ProcessEnv): string {
  const { command, shell, cwd, env, user, group, umask, listen, stdin, stdout, stderr, ready, health } = program
  const made = { command, shell, cwd, env, user, group, umask, listen, stdin, stdout, stderr, ready, health }
  // Not imported: it would take 5 ms of every start, with programs and without.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256')
    .update(JSON.stringify({ ...made, environment }))
    .digest('base64')
}

interface LaunchParts {
  readonly identity: Identity
  readonly source: ProgramSource
  readonly place: Pick<Place, 'index' | 'sockets'>
}

function launchOf(name: string, program: Program, { identity, source, place }: LaunchParts): ProgramLaunch {
  const { umask, stdin, stderr } = program
  const fill = fillerOf(name, place.index, source)
  const own = Object.entries(program.env).map(([key, value]) => [key, fill(value)] as const)
  return {
    argv: commandWords(program).map(fill),
    cwd: fill(program.cwd),
    env: {
      ...source.environment,
      ...identity.env,
      SAOLA_PROGRAM: name,
      SAOLA_PROGRAM_INSTANCE: String(place.index),
      ...Object.fromEntries(own),
    },
    uid: identity.uid,
    gid: identity.gid,
    umask,
    stdin: typeof stdin === 'object' && 'file' in stdin ? { file: fill(stdin.file) } : stdin,
    mergesStderr: stderr === 'stdout',
    sockets: place.sockets.map(({ fd }) => ({ fd, name })),
  }
}

function filesOf({ stdout, stderr }: Program, fill: (text: string) => string) {
  const filled = (to: LogFile | undefined) => to && { ...to, file: fill(to.file) }
  return { stdout: filled(stdout), stderr: stderr === 'stdout' ? undefined : filled(stderr) }
}

function fillerOf(name: string, instance: number, { environment: env }: ProgramSource): (text: string) => string {
  return text => fillTemplate(text, { name, instance, env })
}
