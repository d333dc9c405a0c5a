import { isDeepStrictEqual } from 'node:util'
import type { Change as Effect } from '../base/option-types.ts'
import { parseDuration, parseSize } from '../base/units.ts'
import { collectionOf, thingOf, thingsIn } from './collections.ts'
import type { Config } from './config.ts'
import { optionTree } from './find-option.ts'
import { formatBoth, formatTree } from './format.ts'
import { options } from './generated.ts'
import type { Option } from './option.ts'
import { nodeAt } from './option-tree.ts'
import { listSettings, type Setting } from './values.ts'

/** One difference between two configurations. */
export interface Change {
  /** `apps.web.timeout`, or `apps.api` for a whole application, `programs.redis` for a whole program. */
  readonly path: string
  /** As one would write it; undefined for an application or a program that is new. */
  readonly from: string | undefined
  /** As one would write it; undefined for one that is gone. */
  readonly to: string | undefined
  /**
   * `live`: it counts at once. `restart`: the workers of `app` are replaced, or the program is started anew; what is new is
   * started, and what is gone is ended. `refused`: only a tree that is started anew can have it.
   */
  readonly effect: Effect
  /** The application that it concerns, or undefined when it concerns none. */
  readonly app: string | undefined
}

/** What a reload would change: settings in the order of the schema, then what is new, what is gone, and variables. */
export function diffConfig(from: Config, to: Config): Change[] {
  const before = new Map(listSettings(from).map(setting => [setting.path, setting]))
  const after = new Map(listSettings(to).map(setting => [setting.path, setting]))
  const added = thingsIn(to).filter(thing => !thingsIn(from).includes(thing))
  const removed = thingsIn(from).filter(thing => !thingsIn(to).includes(thing))
  const whole = new Set<string | undefined>([...added, ...removed])
  const settings = [...new Map([...before, ...after]).values()].filter(({ path }) => !whole.has(thingOf(path)))
  const paths = settings.sort((a, b) => placeOf(a.option) - placeOf(b.option)).map(({ path }) => path)
  const changes = paths.flatMap(path => compare(path, before, after))
  return [
    // What is in a section that came or went as a whole is told with it.
    ...changes.filter(({ path }) => !changes.some(section => path.startsWith(`${section.path}.`))),
    ...added.map(path => changeOf(path, { from: undefined, to: essenceOf(path, after) })),
    ...removed.map(path => changeOf(path, { from: essenceOf(path, before), to: undefined })),
    ...changedVariables(from.variables, to.variables),
  ]
}

/** What files of variables say otherwise. Any of it may be a secret. */
function changedVariables(from: Config['variables'], to: Config['variables']): Change[] {
  const shown = (variables: Config['variables'], name: string) =>
    variables[name] === undefined ? undefined : '(secret)'
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter(name => from[name] !== to[name])
    .map(name => ({
      path: `env ${name}`,
      from: shown(from, name),
      to: shown(to, name),
      effect: 'restart',
      app: undefined,
    }))
}

/** A change on one line: `apps.web.timeout: 30s -> 5s (live)`. */
export function formatChange({ path, from, to, effect }: Omit<Change, 'app'>): string {
  if (from === undefined) return `${path}: new, ${to}`
  if (to === undefined) return `${path}: removed, was ${from}`
  return `${path}: ${from} -> ${to} (${effect})`
}

/** In the schema: what only one of both has stands there, too. */
function placeOf(option: Option): number {
  return options.indexOf(option)
}

function changeOf(path: string, { from, to }: Pick<Change, 'from' | 'to'>): Change {
  // No process has to be replaced for what is run at certain times.
  return { path, from, to, effect: collectionOf(path) === 'cron' ? 'live' : 'restart', app: appOf(path) }
}

/** What a whole thing is told by: the file of an application, the command of a program, the module of an entry of `cron`. */
function essenceOf(thing: string, settings: Settings): string {
  const told = ['app', 'command', 'module'].map(key => settings.get(`${thing}.${key}`))
  const setting = told.find(setting => setting?.value !== undefined)
  return setting?.value === undefined ? 'without an application' : formatSetting(setting)
}

type Settings = ReadonlyMap<string, Setting>

function compare(path: string, before: Settings, after: Settings): Change[] {
  const one = before.get(path)
  const other = after.get(path)
  const option = one?.option ?? other?.option
  if (!option || isDeepStrictEqual(valueAt(path, before), valueAt(path, after))) return []
  const node = nodeAt(optionTree(), path.split('.'))
  const { from, to } =
    one && other ? formatBoth(one.value, other.value, node) : { from: textAt(path, before), to: textAt(path, after) }
  // What is written alike does the same: 60 seconds and a minute.
  if (from === to && option.holds === undefined && option.kind !== 'secret') return []
  return [{ path, from, to, effect: option.change ?? strongestEffectIn(option.path), app: appOf(path) }]
}

/** A setting's value, or, where there is a section in its place, what is in that. */
function valueAt(path: string, settings: Settings): unknown {
  const setting = settings.get(path)
  return setting ? setting.value : insideOf(path, settings).map(({ path: inner, value }) => [inner, value])
}

function insideOf(path: string, settings: Settings): Setting[] {
  return [...settings.values()].filter(other => other.path.startsWith(`${path}.`))
}

/** A setting as one would write it, or, where there is a section in its place, what is in that. */
function textAt(path: string, settings: Settings): string {
  const setting = settings.get(path)
  if (setting) return formatSetting(setting)
  const inside = insideOf(path, settings)
  // Of a large section only what somebody has chosen: nobody reads three screens of defaults.
  const shown = inside.length > wholeMax ? inside.filter(other => !isDefault(other)) : inside
  const texts = shown.map(other => `${other.path.slice(path.length + 1)} ${formatSetting(other)}`)
  return texts.length === 0 ? (inside.length === 0 ? 'unset' : 'all defaults') : texts.join(', ')
}

const wholeMax = 8

function formatSetting({ path, value }: Setting): string {
  return formatTree(value, nodeAt(optionTree(), path.split('.')))
}

function isDefault({ value, option }: Setting): boolean {
  if (value === undefined || option.default === undefined) return value === option.default
  const parse = option.kind === 'duration' ? parseDuration : option.kind === 'size' ? parseSize : undefined
  return isDeepStrictEqual(value, parse ? parse(option.default as string | number) : option.default)
}

/** A section that comes or goes as a whole changes everything in it. */
function strongestEffectIn(section: string): Effect {
  const effects = options
    .filter(({ path }) => path.startsWith(`${section}.`) || path.startsWith(`${section}[`))
    .map(({ change }) => change)
  return effects.includes('refused') ? 'refused' : effects.includes('restart') ? 'restart' : 'live'
}

function appOf(path: string): string | undefined {
  const [section, app] = path.split('.')
  return section === 'apps' ? app : undefined
}
