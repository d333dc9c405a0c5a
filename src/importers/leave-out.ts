import type { Note } from './report.ts'
import { type Entry, isCode, isList, isSection, type Section, section, type Value } from './source.ts'

/** One setting that a configuration must not have, and why. */
interface Refusal {
  readonly path: readonly PropertyKey[]
  /** How the path is shown: `programs.worker.umask`. */
  readonly where: string
  readonly text: string
}

/** What is wrong with a configuration. Expressions stand in it as `undefined`: what they give is known only where it runs. */
type FindRefusals = (config: object) => readonly Refusal[]

// One that is left out may leave a section without what it needs; sections are no deeper than this.
const roundsMax = 8

/**
 * The configuration without what would be refused, and a note for each setting that is not there any more. A value that the other
 * program takes, or has never looked at, must not keep all the rest from being used.
 */
export function leaveOutRefused(
  config: Section,
  { file, findRefusals }: { readonly file: string; readonly findRefusals: FindRefusals },
): { readonly config: Section; readonly notes: readonly Note[] } {
  const notes: Note[] = []
  let left = config
  for (let round = 0; round < roundsMax; round += 1) {
    const before = left
    for (const { path, where, text } of findRefusals(plainOf(before) as object)) {
      const without = removeAt(left, path)
      if (without === left) continue
      left = without
      notes.push({ file, setting: where, kind: 'skipped', text })
    }
    if (left === before) break
  }
  return { config: left, notes }
}

function plainOf(value: Value): unknown {
  if (isExpression(value)) return undefined
  if (isList(value)) return value.map(plainOf)
  if (!isSection(value)) return value
  // No assignment: a key may be __proto__.
  return Object.fromEntries(value.entries.filter(isNamed).map(({ key, value: inner }) => [key, plainOf(inner)]))
}

function isExpression(value: Value): boolean {
  return isCode(value) || (isList(value) && value.some(isExpression))
}

/** Constants that are put in have no key of their own. */
function isNamed({ key }: Entry): boolean {
  return !key.startsWith('...')
}

/** Without what stands there, or without the section that lacks what should; the same one where an expression stands there. */
function removeAt(from: Section, path: readonly PropertyKey[]): Section {
  const [key, ...rest] = path
  const found = from.entries.find(each => isNamed(each) && each.key === key)
  if (!found || isExpression(found.value)) return from
  const replace = (value: Value | undefined) =>
    section(from.entries.map(each => (each === found ? { ...each, value } : each)))
  if (!isSection(found.value) || rest.length === 0) return replace(undefined)
  const child = found.value.entries.find(each => each.key === rest[0])
  if (!child) return replace(undefined)
  const inner = removeAt(found.value, rest)
  if (inner === found.value) return from
  return replace(inner.entries.length === 0 ? undefined : inner)
}
