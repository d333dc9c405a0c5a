import { isCode, isList, type Section, type Value } from '../../src/importers/source.ts'

/** A configuration that is to be written, as plain data; an expression is its text in backquotes. */
export function plainSource(section: Section): Record<string, unknown> {
  return Object.fromEntries(section.entries.map(({ key, value }) => [key, plain(value)]))
}

function plain(value: Value): unknown {
  if (typeof value !== 'object') return value
  if (isList(value)) return value.map(plain)
  return isCode(value) ? `\`${value.code}\`` : plainSource(value)
}
