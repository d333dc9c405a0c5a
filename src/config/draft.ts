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
  return { raw, origins: new Map(leafPathsOf(raw, '').map(path => [path, origin])), problems: [], warnings: [] }
}

function leafPathsOf(section: Readonly<Record<string, unknown>>, prefix: string): string[] {
  return Object.entries(section).flatMap(([key, value]) => {
    // As good as not written: it gets its default.
    if (value === undefined) return []
    const path = `${prefix}${key}`
    return isSection(value) && Object.keys(value).length > 0 ? leafPathsOf(value, `${path}.`) : [path]
  })
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
  forget(draft, path.join('.'))
  draft.origins.set(path.join('.'), origin)
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
  const origin = draft.origins.get(path.join('.')) ?? 'default'
  assign(draft, path, {}, origin)
  forget(draft, path.join('.'))
  if (typeof value === 'string') assign(draft, [...path, short], value, origin)
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Where the value at a path comes from: `flag -w`, `env WEB_CONCURRENCY`, `file saola.config.ts`, `dev` or `default`.
 * `short` is the key of its section that a plain value stands for, as in `accessLog: 'json'`.
 */
export function originOf(origins: ReadonlyMap<string, string>, path: string, short?: string): string {
  const own = origins.get(path)
  if (own) return own
  const end = path.lastIndexOf('.')
  const ofSection = path.slice(end + 1) === short ? origins.get(path.slice(0, end)) : undefined
  if (ofSection) return ofSection
  for (const [known, origin] of origins) if (known.startsWith(`${path}.`)) return origin
  return 'default'
}
