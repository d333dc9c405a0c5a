import type * as z from 'zod'
import { anyOf } from '../base/option-types.ts'
import { suggest } from '../base/suggest.ts'
import { findOption, patternOf } from './find-option.ts'
import { options } from './generated.ts'
import type { Option } from './option.ts'

type Issue = z.core.$ZodIssue

/**
 * What is wrong with a configuration, one line a problem.
 *
 * ```
 * apps.web.timeout expected a duration such as "30s" or "500ms", got "30 parsecs".
 * apps.web.wrokers is unknown, did you mean apps.web.workers?
 * ```
 */
export function describeIssues(issues: readonly Issue[], origins: ReadonlyMap<string, string>): string[] {
  return issues.flatMap(issue => describeIssue(issue, origins))
}

function describeIssue(issue: Issue, origins: ReadonlyMap<string, string>): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => describeUnknown([...issue.path, key]))
  const inner = issue.code === 'invalid_union' ? issue.errors.find(isAboutParts) : undefined
  if (inner) return inner.flatMap(part => describeIssue({ ...part, path: [...issue.path, ...part.path] }, origins))
  const where = `${formatPath(issue.path)}${sourceOf(issue.path, origins)}`
  if (issue.code === 'custom') return [`${where} ${endSentence(issue.message)}`]
  const option = findOption(issue.path)
  if (issue.code === 'invalid_key') return [`${where} expected ${expectedKey(issue.path)}, got ${render(issue.input)}.`]
  if (issue.input === undefined && option?.isRequired) return [`${describeMissing(issue.path, option)}`]
  const meant = typeof issue.input === 'string' ? suggest(issue.input, wordsOf(issue, option)) : undefined
  const hint = meant === undefined ? '.' : `, did you mean "${meant}"?`
  const got = option?.kind === 'secret' ? typeof issue.input : render(issue.input)
  return [`${where} expected ${expectedOf(issue, option)}, got ${got}${hint}`]
}

/** Of the kinds that a value may have, the one that it has: only parts of it are wrong. */
function isAboutParts(issues: readonly Issue[]): boolean {
  return issues.every(({ path }) => path.length > 0)
}

/** `apps.web.listen[1]` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')
}

/** Where a wrong value stands when it is not in the file. */
function sourceOf(path: readonly PropertyKey[], origins: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join('.'))
    if (origin) return origin.startsWith('file ') || origin === 'default' ? '' : ` (${origin})`
  }
  return ''
}

function describeMissing(path: readonly PropertyKey[], option: Option): string {
  const section = formatPath(path.slice(0, -1)) || 'The configuration'
  const what = option.description.charAt(0).toLowerCase() + option.description.slice(1)
  return `${section} needs ${String(path.at(-1))}: ${endSentence(what)}`
}

/** A near name in the same section, or the same name in another one. */
function describeUnknown(path: readonly PropertyKey[]): string {
  const key = String(path.at(-1))
  const section = patternOf(path).slice(0, -key.length)
  const known = options.map(option => option.path)
  const here = known.filter(name => name.startsWith(section) && !name.slice(section.length).includes('.'))
  const near = suggest(
    key,
    here.map(name => name.slice(section.length)),
  )
  const elsewhere = known.find(name => name.endsWith(`.${key}`) || name === key)
  const app = path[0] === 'apps' && path.length > 2 ? String(path[1]) : '<name>'
  const meant = near === undefined ? elsewhere?.replace('*', app) : formatPath([...path.slice(0, -1), near])
  return `${formatPath(path)} is unknown${meant ? `, did you mean ${meant}?` : '.'}`
}

function expectedKey(path: readonly PropertyKey[]): string {
  return path[0] === 'apps' && path.length === 2
    ? 'a name of letters, digits, _ and -, which begins with a letter'
    : 'the name of a variable'
}

function wordsOf(issue: Issue, option: Option | undefined): readonly string[] {
  return issue.code === 'invalid_value' ? issue.values.map(String) : (option?.words ?? [])
}

function expectedOf(issue: Issue, option: Option | undefined): string {
  if (option?.expected) return option.expected
  if (issue.code === 'invalid_value') return anyOf(issue.values.map(String))
  if (option?.isSection) return 'an object'
  return issue.code === 'invalid_type' ? (typeNames[issue.expected] ?? issue.expected) : 'something else'
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a text',
}

/** A value in a message, cut off where it is long. */
export function render(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const text = JSON.stringify(value) ?? `a ${typeof value}`
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function endSentence(text: string): string {
  return /[.?]$/.test(text) ? text : `${text}.`
}
