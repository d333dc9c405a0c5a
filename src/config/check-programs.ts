import { resolve } from 'node:path'
import { messageOf } from '../base/errors.ts'
import type { Runner } from '../base/find-executable.ts'
import { linePattern } from '../base/line-pattern.ts'
import { parseTcpTarget } from '../base/tcp-target.ts'
import { fillTemplate } from '../base/templates.ts'
import { type CommandCheck, checkCommand } from './check-command.ts'
import { checkPath } from './check-paths.ts'
import { checkPlaces, type PlacedText, textsIn, textsInFiles } from './check-places.ts'
import { type DraftProgram, formsFor } from './draft-programs.ts'
import type { Ground } from './surroundings.ts'

// Each of them is a name in commands and in the log already.
const takenNames: ReadonlyMap<string, string> = new Map([
  ['all', 'everything in the tree'],
  ['cron', 'what runs at times'],
  ['saola', 'Saola itself'],
  ['store', 'the shared store'],
  ['tasks', 'the processes of tasks'],
])

/** A program is called by its name alone: in commands, in the log, and by who depends on it. */
export function checkNames(programs: readonly DraftProgram[], apps: readonly string[]): string[] {
  return programs.flatMap(({ name, where }) => {
    const holder = apps.includes(name) ? 'an application' : takenNames.get(name)
    return holder ? [`${where} expected a name of its own, got "${name}", which is that of ${holder}.`] : []
  })
}

/** What concerns several settings of a program, or the machine. */
export function checkProgram(program: DraftProgram, ground: Ground): string[] {
  const { where, given } = program
  const { user, group } = given
  const accounts = ground.isForElsewhere ? [] : ground.accounts.check(where, { user, group })
  const settings = [...accounts, ...checkLog(program), ...checkVariables(program)]
  const places = checkPlaces({ where, texts: textsOf(program), shell: given.shell }, ground.env)
  // With a value missing, nothing is known of files and commands, but how those are written.
  if (places.length > 0) return [...settings, ...places, ...checkCommands(program, undefined)]
  const needs = ground.isForElsewhere ? checkCommands(program, undefined) : checkMachine(program, ground)
  return [...settings, ...checkTargets(program, ground), ...needs]
}

/** Everything with places to be filled, by the setting that it is in. */
function textsOf({ given }: DraftProgram): PlacedText[] {
  const { command, cwd, env = {}, stdin, stdout, stderr, ready, health, listen = [] } = given
  const probes = { ready, health }
  return [
    ...textsIn('command', command),
    ...textsIn('cwd', cwd),
    ...Object.entries(env).flatMap(([name, text]) => textsIn(`env.${name}`, text)),
    ...textsInFiles({ stdin, stdout, stderr }),
    ...Object.entries(probes).flatMap(([key, probe = {}]) =>
      Object.entries(probe).flatMap(([form, value]) => (form === 'log' ? [] : textsIn(`${key}.${form}`, value))),
    ),
    ...listen.flatMap(address => (address.kind === 'unix' ? textsIn('listen', address.path) : [])),
  ]
}

/** The kernel ends a variable there: the process could not be started. */
function checkVariables({ where, given: { env = {} } }: DraftProgram): string[] {
  const broken = Object.keys(env).filter(name => env[name]?.includes('\0'))
  return broken.map(name => `${where}.env.${name} expected a text without a NUL character.`)
}

function checkLog({ where, given: { ready } }: DraftProgram): string[] {
  return ready && 'log' in ready ? failureOf(`${where}.ready.log`, () => linePattern(ready.log)) : []
}

/** An address is read again when its places are filled: a port may have become too high. */
function checkTargets(program: DraftProgram, { env }: Ground): string[] {
  const { where, given } = program
  return (['ready', 'health'] as const).flatMap(key => {
    const probe = given[key]
    if (probe && 'tcp' in probe) {
      const forms = formsFor(program, String(probe.tcp), env)
      return forms.flatMap(form => failureOf(`${where}.${key}.tcp`, () => parseTcpTarget(form))).slice(0, 1)
    }
    const wrong = probe && 'http' in probe && formsFor(program, probe.http, env).find(form => !URL.canParse(form))
    return wrong ? [`${where}.${key}.http expected a URL, got ${JSON.stringify(wrong)}.`] : []
  })
}

function failureOf(where: string, read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    return [`${where} ${messageOf(error)}.`]
  }
}

/** Whether what it needs is on this machine. */
function checkMachine(program: DraftProgram, ground: Ground): string[] {
  const { where, given } = program
  const { cwd, stdin } = given
  // A program that it waits for may make the folder, the file or even the command.
  const mayComeLater = Object.values(given.dependsOn ?? {}).includes('completed')
  const missing = (setting: string, text: string, kind: 'file' | 'folder') =>
    formsFor(program, text, ground.env).flatMap(form => checkPath(`${where}.${setting}`, form, kind, ground.dir))
  const folders = cwd === undefined ? [] : missing('cwd', cwd, 'folder')
  const input = typeof stdin === 'object' && 'file' in stdin ? missing('stdin.file', stdin.file, 'file') : []
  const hasFolder = cwd !== undefined && folders.length === 0
  return [
    ...(mayComeLater ? [] : [...folders.slice(0, 1), ...input.slice(0, 1)]),
    ...checkCommands(program, hasFolder ? ground : undefined, mayComeLater),
  ]
}

/**
 * Its own command and those that ask how it is; without a ground, only how they are written. Of many instances the first
 * problem is told.
 */
function checkCommands(program: DraftProgram, ground: Ground | undefined, mayComeLater = false): string[] {
  return commandsOf(program).flatMap(command => {
    for (const instance of instancesIn(program)) {
      const fill = (text: string) => fillTemplate(text, { name: program.name, instance, env: ground?.env })
      const runner = ground && runnerOf(program, ground, fill)
      const problems = checkCommand({ ...command, fill, runner, mayComeLater })
      if (problems.length > 0) return problems
    }
    return []
  })
}

function commandsOf({ where, given }: DraftProgram): Pick<CommandCheck, 'where' | 'command' | 'shell' | 'elsewhere'>[] {
  const { command, shell, ready, health } = given
  const elsewhere = 'give it as ["/bin/sh", "-c", "…"]'
  return [
    ...(command === undefined ? [] : [{ where: `${where}.command`, command, shell }]),
    ...Object.entries({ ready, health }).flatMap(([key, probe]) =>
      probe && 'command' in probe ? [{ where: `${where}.${key}.command`, command: probe.command, elsewhere }] : [],
    ),
  ]
}

/** The numbers of its instances; only the first one, if they are all alike. */
function instancesIn(program: DraftProgram): number[] {
  const isOfEach = textsOf(program).some(({ text }) => text.includes('{instance}'))
  return Array.from({ length: isOfEach ? (program.given.instances ?? 1) : 1 }, (_, instance) => instance)
}

function runnerOf({ given }: DraftProgram, { dir, env, accounts }: Ground, fill: (text: string) => string): Runner {
  const { user, group, cwd = '.' } = given
  const { uid, gid } = accounts.identityOf({ user, group })
  const path = given.env?.PATH
  return { cwd: resolve(dir, fill(cwd)), path: path === undefined ? env.PATH : fill(path), uid, gid }
}
