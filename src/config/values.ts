import { isCollection, pathsOf } from './collections.ts'
import { isSection } from './draft.ts'
import { options as knownOptions } from './generated.ts'
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
 * value, such as `accessLog: false`, stands for itself, and one that is not there is left out. A list, and a record whose
 * keys the user chooses, is one setting with all that is in it.
 */
export function listSettings(config: object, options: readonly Option[] = knownOptions): Setting[] {
  const whole = new Set(options.filter(({ kind, holds }) => kind ?? holds).map(({ path }) => path))
  return options
    .filter(({ path }) => !isCollection(path) && !isPart(path) && !isInside(path, whole))
    .flatMap(option => pathsOf(option.path, config).flatMap(path => settingAt(config, path, option)))
}

function settingAt(config: object, path: readonly string[], option: Option): Setting[] {
  const section = path.slice(0, -1).reduce<unknown>((value, key) => (isSection(value) ? value[key] : undefined), config)
  const value = isSection(section) ? section[path.at(-1) ?? ''] : undefined
  // A whole section that is unset is one line, and not one for each key that it does not have; nor has it those of other forms.
  if (!isSection(section) || (value === undefined && option.isOfOneForm)) return []
  const isOpen = option.isSection && option.kind === undefined && option.holds === undefined && isSection(value)
  return isOpen ? [] : [{ path: path.join('.'), value, option }]
}

/** What is said of the items of a plain list, or of the keys of a plain record. */
function isPart(path: string): boolean {
  return /(?:\.\*|\[\])$/.test(path)
}

/** `workers.min` is a part of one value, not a setting, as `workers` has a kind of its own; and so is `cache[].ttl`. */
function isInside(path: string, whole: ReadonlySet<string>): boolean {
  for (let end = path.search(/[.[]/); end > 0; end = nextEnd(path, end)) if (whole.has(path.slice(0, end))) return true
  return false
}

function nextEnd(path: string, end: number): number {
  const next = path.slice(end + 1).search(/[.[]/)
  return next < 0 ? -1 : end + 1 + next
}
