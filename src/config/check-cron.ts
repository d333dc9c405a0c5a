import { resolve } from 'node:path'
import type { Runner } from '../base/find-executable.ts'
import { fillTemplate } from '../base/templates.ts'
import { type CronOptions, cronOptions } from '../programs/cron/options.ts'
import { checkCommand } from './check-command.ts'
import { checkPath } from './check-paths.ts'
import { checkPlaces, type PlacedText, textsIn, textsInFiles } from './check-places.ts'
import { isSection } from './draft.ts'
import { readSettings } from './draft-programs.ts'
import type { Ground } from './surroundings.ts'

/** An entry of `cron` as far as it can be read. */
interface DraftCron {
  readonly name: string
  /** `cron.cleanup` */
  readonly where: string
  readonly given: Partial<CronOptions>
  /** Settings that the schema refuses: what they are meant to be is not known. */
  readonly refused: ReadonlySet<string>
}

/** Those of a draft that are sections at all. */
export function readCron(cron: unknown): DraftCron[] {
  if (!isSection(cron)) return []
  return Object.entries(cron).flatMap(([name, entry]) =>
    isSection(entry) ? [{ name, where: `cron.${name}`, ...readSettings<CronOptions>(cronOptions.shape, entry) }] : [],
  )
}

/** What concerns several settings of an entry, or the machine. */
export function checkCron(entry: DraftCron, ground: Ground): string[] {
  const { where, given } = entry
  const { user, group, shell } = given
  const accounts = ground.isForElsewhere ? [] : ground.accounts.check(where, { user, group })
  const settings = [...checkKind(entry), ...accounts]
  const places = checkPlaces({ where, texts: textsOf(entry), shell }, ground.env)
  // With a value missing, nothing is known of folders and commands, but how those are written.
  if (places.length > 0) return [...settings, ...places, ...checkOwnCommand(entry, undefined)]
  return [...settings, ...(ground.isForElsewhere ? checkOwnCommand(entry, undefined) : checkMachine(entry, ground))]
}

function checkKind({ where, given: { command, module }, refused }: DraftCron): string[] {
  const isGiven = (key: string, value: unknown) => value !== undefined || refused.has(key)
  const [hasCommand, hasModule] = [isGiven('command', command), isGiven('module', module)]
  if (hasCommand && hasModule) return [`${where}.command and ${where}.module exclude each other. Remove one.`]
  return hasCommand || hasModule ? [] : [`${where} needs command or module: what is run.`]
}

/** Everything with places to be filled, by the setting that it is in. */
function textsOf({ given }: DraftCron): PlacedText[] {
  const { command, cwd, env = {}, stdout, stderr } = given
  return [
    ...textsIn('command', command),
    ...textsIn('cwd', cwd),
    ...Object.entries(env).flatMap(([name, text]) => textsIn(`env.${name}`, text)),
    ...textsInFiles({ stdout, stderr }),
  ]
}

/** Whether what it needs is on this machine. */
function checkMachine(entry: DraftCron, ground: Ground): string[] {
  const { name, where, given } = entry
  const { cwd, module } = given
  const { dir, env } = ground
  const folder = checkPath(`${where}.cwd`, cwd && fillTemplate(cwd, { name, env }), 'folder', dir)
  return [
    ...folder,
    ...checkPath(`${where}.module`, module, 'file', dir),
    ...checkOwnCommand(entry, folder.length === 0 ? ground : undefined),
  ]
}

/** Without a ground, only how it is written. */
function checkOwnCommand({ name, where, given }: DraftCron, ground: Ground | undefined): string[] {
  const { command, shell } = given
  if (command === undefined) return []
  const fill = (text: string) => fillTemplate(text, { name, env: ground?.env })
  const runner = ground && runnerOf(given, ground, fill)
  return checkCommand({ where: `${where}.command`, command, shell, fill, runner, mayComeLater: false })
}

function runnerOf(
  { user, group, cwd = '.', env: own }: DraftCron['given'],
  { dir, env, accounts }: Ground,
  fill: (text: string) => string,
): Runner {
  const { uid, gid } = accounts.identityOf({ user, group })
  const path = own?.PATH
  return { cwd: resolve(dir, fill(cwd)), path: path === undefined ? env.PATH : fill(path), uid, gid }
}
