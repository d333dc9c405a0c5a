import type { Change as Effect } from '../base/option-types.ts'
import type { AppConfig, Config } from './config.ts'
import { formatValue } from './format.ts'
import { options } from './generated.ts'
import { listSettings, type Setting } from './values.ts'

/** One difference between two configurations. */
export interface Change {
  /** `apps.web.timeout`, or `apps.api` for a whole application. */
  readonly path: string
  /** As one would write it; undefined for an application that is new. */
  readonly from: string | undefined
  /** As one would write it; undefined for an application that is gone. */
  readonly to: string | undefined
  /**
   * `live`: it counts at once. `restart`: the workers of `app` are replaced; of a new application they are started, of
   * one that is gone they are drained. `refused`: only a tree that is started anew can have it.
   */
  readonly effect: Effect
  /** The application that it concerns, or undefined when it concerns the tree. */
  readonly app: string | undefined
}

/** What a reload would change: settings in the order of the schema, then new and removed applications. */
export function diffConfig(from: Config, to: Config): Change[] {
  const before = new Map(listSettings(from).map(setting => [setting.path, setting]))
  const after = new Map(listSettings(to).map(setting => [setting.path, setting]))
  const isInBoth = (app: string | undefined) =>
    app === undefined || (Object.hasOwn(from.apps, app) && Object.hasOwn(to.apps, app))
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(path => isInBoth(appOf(path)))
  const changes = paths.flatMap(path => compare(path, before, after))
  return [
    // What is in a section that came or went as a whole is told with it.
    ...changes.filter(({ path }) => !changes.some(section => path.startsWith(`${section.path}.`))),
    ...appsMissingIn(from, to).map(({ name, app }) => wholeApp(name, undefined, app)),
    ...appsMissingIn(to, from).map(({ name, app }) => wholeApp(name, app, undefined)),
  ]
}

/** A change on one line: `apps.web.timeout: 30s -> 5s (live)`. */
export function formatChange({ path, from, to, effect }: Omit<Change, 'app'>): string {
  if (from === undefined) return `${path}: new, ${to}`
  if (to === undefined) return `${path}: removed, was ${from}`
  return `${path}: ${from} -> ${to} (${effect})`
}

/** The applications that only the other configuration has. */
function appsMissingIn({ apps }: Config, other: Config): AppConfig[] {
  return Object.values(other.apps).filter(({ name }) => !Object.hasOwn(apps, name))
}

function wholeApp(name: string, from: string | undefined, to: string | undefined): Change {
  return { path: `apps.${name}`, from, to, effect: 'restart', app: name }
}

type Settings = ReadonlyMap<string, Setting>

function compare(path: string, before: Settings, after: Settings): Change[] {
  const one = before.get(path)
  const other = after.get(path)
  const from = textAt(path, before)
  const to = textAt(path, after)
  const option = one?.option ?? other?.option
  if (from === to || !option) return []
  return [{ path, from, to, effect: option.change ?? strongestEffectIn(option.path), app: appOf(path) }]
}

/** A setting as one would write it, or, where there is a section in its place, what is in that. */
function textAt(path: string, settings: Settings): string {
  const setting = settings.get(path)
  if (setting) return formatValue(setting.value, setting.option.kind)
  const inside = [...settings.values()].filter(other => other.path.startsWith(`${path}.`))
  const texts = inside.map(
    other => `${other.path.slice(path.length + 1)} ${formatValue(other.value, other.option.kind)}`,
  )
  return texts.length === 0 ? 'unset' : texts.join(', ')
}

/** A section that comes or goes as a whole changes everything in it. */
function strongestEffectIn(section: string): Effect {
  const effects = options.filter(({ path }) => path.startsWith(`${section}.`)).map(({ change }) => change)
  return effects.includes('refused') ? 'refused' : effects.includes('restart') ? 'restart' : 'live'
}

function appOf(path: string): string | undefined {
  const [section, app] = path.split('.')
  return section === 'apps' ? app : undefined
}
