/** A configuration as it will be written: plain data, expressions, and what is said about single settings. */

export interface Code {
  readonly kind: 'code'
  readonly code: string
  /** What of `saola` and of other modules it needs. */
  readonly imports: readonly Import[]
}

export interface Import {
  readonly name: string
  readonly from: string
}

export interface Entry {
  /** A key; or `...name` for a constant whose entries are put in here. */
  readonly key: string
  readonly value: Value
  /** For the reader of the configuration: where it comes from, or what is different. */
  readonly comment?: string | undefined
}

export interface Section {
  readonly kind: 'section'
  readonly entries: readonly Entry[]
}

export type Value = string | number | boolean | Code | Section | readonly Value[]

/** What becomes `saola.config.ts`. */
export interface Source {
  /** Lines at the head of the configuration. */
  readonly comment: readonly string[]
  /** Written before it, by name. */
  readonly constants: readonly Entry[]
  readonly config: Section
}

/** A section of what is there: entries without a value are left out. */
export function section(entries: readonly (OptionalEntry | undefined)[]): Section {
  return { kind: 'section', entries: entries.filter(isThere) }
}

type OptionalEntry = Omit<Entry, 'value'> & { readonly value: Value | undefined }

function isThere(optional: OptionalEntry | undefined): optional is Entry {
  return optional?.value !== undefined
}

/**
 * One entry of `section`.
 *
 * ```ts
 * section([entry('restart', 'always', 'autorestart=true'), entry('umask', undefined)])
 * ```
 */
export function entry(key: string, value: Value | undefined, comment?: string): OptionalEntry {
  return { key, value, comment }
}

/** A section in short, or undefined when nothing is in it. */
export function sectionOf(values: Readonly<Record<string, Value | undefined>>): Section | undefined {
  const made = section(Object.entries(values).map(([key, value]) => entry(key, value)))
  return made.entries.length === 0 ? undefined : made
}

export function code(text: string, ...imports: readonly Import[]): Code {
  return { kind: 'code', code: text, imports }
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isCode(value: Value): value is Code {
  return typeof value === 'object' && !isList(value) && value.kind === 'code'
}

export function isSection(value: Value): value is Section {
  return typeof value === 'object' && !isList(value) && value.kind === 'section'
}
