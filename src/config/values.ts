import type { Config } from './config.ts'
import { isSection } from './draft.ts'
import { options } from './generated.ts'
import type { Option } from './option.ts'

/** One setting of a configuration: what a line of `config --print` or of a difference is about. */
export interface Setting {
  /** `apps.web.timeout` */
  readonly path: string
  readonly value: unknown
  readonly option: Option
}

/**
 * Every setting of a configuration, in the order of the schema; those without a value, too. A section that has a plain
 * value, such as `accessLog: false`, stands for itself, and one that is not there is left out.
 */
export function listSettings(config: Config): Setting[] {
  const apps = Object.keys(config.apps)
  return options
    .filter(({ path }) => !insideOfValue(path))
    .flatMap(option => {
      const keys = option.path.split('.')
      const paths = keys[1] === '*' ? apps.map(app => ['apps', app, ...keys.slice(2)]) : [keys]
      return paths.flatMap(path => settingAt(config, path, option))
    })
}

function settingAt(config: Config, path: readonly string[], option: Option): Setting[] {
  const section = path.slice(0, -1).reduce<unknown>((value, key) => (isSection(value) ? value[key] : undefined), config)
  const value = isSection(section) ? section[path.at(-1) ?? ''] : undefined
  // A whole section that is unset is one line, and not one for each key that it does not have.
  if (!isSection(section)) return []
  const isOpen = option.isSection && option.kind === undefined && isSection(value)
  return isOpen || option.path === 'apps' ? [] : [{ path: path.join('.'), value, option }]
}

/** `workers.min` is a part of one value, not a setting: `workers` has a kind of its own. */
function insideOfValue(path: string): boolean {
  const above = path.slice(0, path.lastIndexOf('.'))
  return options.some(option => option.path === above && option.kind !== undefined)
}
