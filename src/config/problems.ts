import type * as z from 'zod'
import { anyOf } from '../base/option-types.ts'
import { suggest } from '../base/suggest.ts'
import { isCollection } from './collections.ts'
import { pathKey } from './draft.ts'
import { optionTree } from './find-option.ts'
import { hideSecret } from './format.ts'
import { formatPath } from './format-path.ts'
import type { Option } from './option.ts'
import { mapKinds, nodeAt, type OptionNode } from './option-tree.ts'
import { nameHere, placeHere } from './other-names.ts'

type Issue = z.core.$ZodIssue

/**
 * What is wrong with a configuration, one line a problem.
 *
 * ```
 * apps.web.timeout expected a duration such as "30s" or "500ms", got "30 parsecs".
 * apps.web.wrokers is unknown, did you mean apps.web.workers?
 * ```
 */
export function describeIssues(
  issues: readonly Issue[],
  origins: ReadonlyMap<string, string>,
  tree: OptionNode = optionTree(),
): string[] {
  return issues.flatMap(issue => describeIssue(issue, { origins, tree }))
}

interface Known {
  readonly origins: ReadonlyMap<string, string>
  readonly tree: OptionNode
}

function describeIssue(issue: Issue, known: Known): string[] {
  const { origins, tree } = known
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => describeUnknown([...issue.path, key], tree))
  const inner = issue.code === 'invalid_union' ? nearestForm(issue.errors) : undefined
  if (inner) return inner.flatMap(part => describeIssue({ ...part, path: [...issue.path, ...part.path] }, known))
  const where = `${formatPath(issue.path)}${sourceOf(issue.path, origins)}`
  if (issue.code === 'custom') return [`${where} ${endSentence(issue.message)}`]
  const node = nodeAt(tree, issue.path)
  const option = node?.option
  if (issue.code === 'invalid_key') {
    return [`${where} expected ${expectedKey(issue.path, issue.issues, tree)}, got ${render(issue.input)}.`]
  }
  if (issue.input === undefined && option?.isRequired) return [`${describeMissing(issue.path, option)}`]
  const meant = typeof issue.input === 'string' ? suggest(issue.input, wordsOf(issue, option)) : undefined
  const hint = meant === undefined ? '.' : `, did you mean "${meant}"?`
  const got = option?.kind === 'secret' ? typeof issue.input : render(mapKinds(issue.input, node, hideSecret))
  return [`${where} expected ${expectedOf(issue, option)}, got ${got}${hint}`]
}

/** Of the forms that a value may have, the one that it has: only parts of it are wrong, and the fewest, or it says itself why not. */
function nearestForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const isPart = (issue: Issue): boolean =>
    issue.path.length > 0 ||
    issue.code === 'unrecognized_keys' ||
    (issue.code === 'invalid_union' && nearestForm(issue.errors) !== undefined)
  const [nearest] = forms.filter(issues => issues.every(isPart)).sort((a, b) => a.length - b.length)
  if (nearest) return nearest
  // Only one form is of this type: what it has to say about the value is worth more than the list of all forms.
  const ofType = forms.filter(issues => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0))
  const [only, ...others] = ofType
  return others.length === 0 && only?.every(issue => issue.code === 'custom' || isPart(issue)) ? only : undefined
}

/** Where a wrong value stands when it is not in the file. */
function sourceOf(path: readonly PropertyKey[], origins: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(pathKey(path.slice(0, length)))
    if (origin) return origin.startsWith('file ') || origin === 'default' ? '' : ` (${oneBracket(origin)})`
  }
  return ''
}

/** `env PORT (.env)` in brackets of its own. */
function oneBracket(origin: string): string {
  return origin.replace(/ \((.*)\)$/, ' of $1')
}

function describeMissing(path: readonly PropertyKey[], option: Option): string {
  const section = formatPath(path.slice(0, -1)) || 'The configuration'
  const [first = ''] = option.description.split(/(?<=\.) /)
  const what = first.charAt(0).toLowerCase() + first.slice(1)
  return `${section} needs ${String(path.at(-1))}: ${endSentence(what)}`
}

/** A near name in the same section, or the same name in another one. */
function describeUnknown(path: readonly PropertyKey[], tree: OptionNode): string {
  const key = String(path.at(-1))
  const above = path.slice(0, -1)
  const near = suggest(key, nodeAt(tree, above)?.keys.keys() ?? [])
  const here = placeHere(key, above) ?? (near === undefined ? undefined : [near])
  const meant = here ? [...above, ...here] : findElsewhere(key, above, tree)
  // In one of several forms that a section may have: its name is right, but not beside the others.
  if (meant && formatPath(meant) === formatPath(path)) {
    return `${formatPath(path)} cannot stand beside the rest of ${formatPath(above)}, which is of another form: take one of them.`
  }
  return `${formatPath(path)} is unknown${meant ? `, did you mean ${meantText(meant)}?` : '.'}`
}

/** Not in a rule or a record: whoever writes in one means one of its own keys. */
function findElsewhere(key: string, above: readonly PropertyKey[], tree: OptionNode): PropertyKey[] | undefined {
  const isInside = above.some((_, index) => index > 1 && isChosen(above.slice(0, index + 1), tree))
  if (isInside) return undefined
  const [collection = '', name = '<name>'] = above.map(String)
  const wanted = nameHere(key)
  // Who writes it in a program means one of a program, or else one of the tree, but none of an application.
  const thing = isCollection(collection) ? nodeAt(tree, above.slice(0, 2)) : undefined
  const found =
    (thing && above.length > 1 && findKey(wanted, { node: thing, path: [collection, '*'], isOpen: false })) ||
    findKey(wanted, { node: tree, path: [], isOpen: above.length < 2 })
  return found?.map((step, index) => (index === 1 && step === '*' ? name : step))
}

function isChosen(path: readonly PropertyKey[], tree: OptionNode): boolean {
  const key = path.at(-1)
  return typeof key === 'number' || !nodeAt(tree, path.slice(0, -1))?.keys.has(String(key))
}

interface Place {
  readonly node: OptionNode
  readonly path: readonly string[]
  /** Whether collections are looked into. */
  readonly isOpen: boolean
}

/** Where a key of this name stands, first at this level, then below; no record is looked into but a collection. */
function findKey(key: string, { node, path, isOpen }: Place): string[] | undefined {
  for (const [name, child] of node.keys) {
    if (name === key) return [...path, name]
    const found = findKey(key, { node: child, path: [...path, name], isOpen })
    if (found) return found
  }
  const [collection = '', ...below] = path
  const isLookedInto = isOpen && below.length === 0 && isCollection(collection)
  return isLookedInto && node.entries ? findKey(key, { node: node.entries, path: [...path, '*'], isOpen }) : undefined
}

function meantText(path: readonly PropertyKey[]): string {
  return path[1] === '<name>' ? path.join('.') : formatPath(path)
}

function expectedKey(path: readonly PropertyKey[], issues: readonly Issue[], tree: OptionNode): string {
  if (path.length === 2 && isCollection(String(path[0])))
    return 'a name of letters, digits, _ and -, which begins with a letter'
  const said = issues.find(({ code }) => code === 'custom')?.message.replace(/^expected /, '')
  return nodeAt(tree, path.slice(0, -1))?.option?.keys ?? said ?? 'the name of a variable'
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
