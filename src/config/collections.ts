import { isSection } from './draft.ts'

/**
 * Sections that hold things by a name that the user chooses, each with options of its own: `apps.web.timeout`. What is known of
 * them is known of each thing: its settings are printed, compared and set by variables one by one. Other records, such as
 * `edge.static`, are one setting.
 */
const collections: readonly string[] = ['apps', 'programs', 'cron']

export function isCollection(path: string): boolean {
  return collections.includes(path)
}

/** Of a path such as `apps.*.timeout` or `apps.web.timeout`: `apps`; undefined when it is of the tree. */
export function collectionOf(path: string): string | undefined {
  const end = path.indexOf('.')
  const first = end < 0 ? '' : path.slice(0, end)
  return isCollection(first) ? first : undefined
}

/** `apps.web` of `apps.web.timeout`; undefined for a setting of the tree. */
export function thingOf(path: string): string | undefined {
  return collectionOf(path) === undefined ? undefined : path.split('.').slice(0, 2).join('.')
}

/** The names in a collection of a configuration, checked or not. */
export function namesIn(config: object, collection: string): string[] {
  const things = (config as Readonly<Record<string, unknown>>)[collection]
  return isSection(things) ? Object.keys(things) : []
}

/** Every thing of a configuration, as `apps.web`. */
export function thingsIn(config: object): string[] {
  return collections.flatMap(collection => namesIn(config, collection).map(name => `${collection}.${name}`))
}

/** The paths of an option in a configuration, as keys: one for each thing that has it. */
export function pathsOf(optionPath: string, config: object): string[][] {
  const [collection = '', , ...rest] = optionPath.split('.')
  if (collectionOf(optionPath) === undefined) return [optionPath.split('.')]
  return namesIn(config, collection).map(name => [collection, name, ...rest])
}
