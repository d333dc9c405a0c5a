import { isDeepStrictEqual } from 'node:util'
import type { Change as Effect } from '../base/option-types.ts'
import type { Config } from './config.ts'
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

/** What a reload would change: the tree's own settings, then each application's. */
export function diffConfig(from: Config, to: Config): Change[] {
  const before = new Map(listSettings(from).map(setting => [setting.path, setting]))
  const after = new Map(listSettings(to).map(setting => [setting.path, setting]))
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const kept = (path: string) => {
    const app = appOf(path)
    return app === undefined || (app in from.apps && app in to.apps)
  }
  return [
    ...paths.filter(kept).flatMap(path => compare(path, before.get(path), after.get(path))),
    ...Object.values(to.apps).flatMap(({ name, app }) => (name in from.apps ? [] : [wholeApp(name, undefined, app)])),
    ...Object.values(from.apps).flatMap(({ name, app }) => (name in to.apps ? [] : [wholeApp(name, app, undefined)])),
  ]
}

/** A change on one line: `apps.web.timeout: 30s -> 5s (live)`. */
export function formatChange({ path, from, to, effect }: Change): string {
  if (from === undefined) return `${path}: new, ${to}`
  if (to === undefined) return `${path}: removed, was ${from}`
  return `${path}: ${from} -> ${to} (${effect})`
}

function wholeApp(name: string, from: string | undefined, to: string | undefined): Change {
  return { path: `apps.${name}`, from, to, effect: 'restart', app: name }
}

function compare(path: string, before: Setting | undefined, after: Setting | undefined): Change[] {
  if (isDeepStrictEqual(before?.value, after?.value)) return []
  const option = after?.option ?? before?.option
  return [
    {
      path,
      from: formatValue(before?.value, option?.kind),
      to: formatValue(after?.value, option?.kind),
      effect: option?.change ?? strongestEffectIn(option?.path ?? ''),
      app: appOf(path),
    },
  ]
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
