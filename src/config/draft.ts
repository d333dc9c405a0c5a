/**
 * The configuration while it is put together, layer over layer, before anything of it is checked: whatever stands in
 * the file is in it as it is.
 */
export interface Draft {
  readonly raw: Record<string, unknown>
  /** Where a value comes from, by path. What is not in here has its default. */
  readonly origins: Map<string, string>
  readonly problems: string[]
  readonly warnings: string[]
}

/** Begins with what the file says; `origin` is where that comes from. */
export function createDraft(raw: Record<string, unknown>, origin: string): Draft {
  return {
    raw,
    origins: new Map(leafPathsOf(raw, []).map(path => [pathKey(path), origin])),
    problems: [],
    warnings: [],
  }
}

function leafPathsOf(section: Readonly<Record<string, unknown>>, prefix: readonly string[]): string[][] {
  return Object.entries(section).flatMap(([key, value]) => {
    // As good as not written: it gets its default.
    if (value === undefined) return []
    const path = [...prefix, key]
    return isSection(value) && Object.keys(value).length > 0 ? leafPathsOf(value, path) : [path]
  })
}

/**
 * A path as the origins have it, with dots between its keys. In a key that the user chooses, such as `/v1.0/media`, a dot
 * gets a backslash, so that it is none of those.
 */
export function pathKey(path: readonly PropertyKey[]): string {
  return path.map(key => String(key).replace(/[\\.]/g, '\\$&')).join('.')
}

/** Sets one value, over whatever is there. A parent that is no section stays: the check will find it. */
export function assign(draft: Draft, path: readonly string[], value: unknown, origin: string): void {
  let section = draft.raw
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(section, key) || section[key] === undefined) section[key] = {}
    const next = section[key]
    if (!isSection(next)) return
    section = next
  }
  section[path.at(-1) ?? ''] = value
  forget(draft, pathKey(path))
  draft.origins.set(pathKey(path), origin)
}

function forget({ origins }: Draft, path: string): void {
  for (const known of origins.keys()) if (known === path || known.startsWith(`${path}.`)) origins.delete(known)
}

/**
 * Before a key is set in a section that has a plain value: `accessLog: 'json'` becomes `{ format: 'json' }`, where
 * `format` is the key that a plain value stands for; `true` and `false` become an empty section.
 */
export function openSection(draft: Draft, path: readonly string[], short: string): void {
  const value = path.reduce<unknown>((section, key) => (isSection(section) ? section[key] : undefined), draft.raw)
  if (value === undefined || isSection(value)) return
  const origin = draft.origins.get(pathKey(path)) ?? 'default'
  assign(draft, path, {}, origin)
  forget(draft, pathKey(path))
  if (typeof value === 'string') assign(draft, [...path, short], value, origin)
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Where the value of a setting comes from: `flag -w`, `env WEB_CONCURRENCY`, `file saola.config.ts`, `dev` or `default`; of
 * a record, to which the file and the command line may add, all of them. `short` is the key of its section that a plain
 * value stands for, as in `accessLog: 'json'`.
 */
export function originOf(origins: ReadonlyMap<string, string>, path: string, short?: string): string {
  const own = origins.get(path)
  if (own) return own
  const end = path.lastIndexOf('.')
  const ofSection = path.slice(end + 1) === short ? origins.get(path.slice(0, end)) : undefined
  if (ofSection) return ofSection
  const inside = new Set<string>()
  for (const [known, origin] of origins) if (known.startsWith(`${path}.`)) inside.add(origin)
  return inside.size === 0 ? 'default' : [...inside].join(', ')
}
