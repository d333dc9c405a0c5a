import { isDeepStrictEqual } from 'node:util'
import { type Address, formatAddress } from '../base/address.ts'
import type { OptionKind, Share } from '../base/option-types.ts'
import { formatDuration, formatSize } from '../base/units.ts'
import { withoutUserInfo } from '../base/user-info.ts'
import type { OptionNode } from './option-tree.ts'

/** Of a list or record that is longer, the rest is counted: `saola config --json` has all of it. */
const shownMax = 10

/** A resolved value as one would write it in a configuration, for people. */
function formatValue(value: unknown, kind: OptionKind | undefined): string {
  if (value === undefined) return 'unset'
  const write = kind && writers[kind]
  return write ? write(value) : JSON.stringify(value)
}

/** The same for a value that has others in it, each of which is written by its own kind. What is unset is left out. */
export function formatTree(value: unknown, node: OptionNode | undefined): string {
  const { kind, plainKind } = node?.option ?? {}
  if (kind !== undefined) return formatValue(value, kind)
  if (typeof value !== 'object' || value === null) return formatValue(value, plainKind)
  const size = Object.keys(value).length
  // Plain data such as `env`: as it is, if it can be read.
  if (!hasParts(node) && size <= shownMax) return JSON.stringify(value)
  if (Array.isArray(value))
    return enclose(
      '[]',
      value.map(item => formatTree(item, node?.items)),
    )
  const known = Object.entries(value).filter(([, child]) => child !== undefined)
  return enclose(
    '{}',
    known.map(([key, child]) => `${formatKey(key)}: ${formatTree(child, node?.keys.get(key) ?? node?.entries)}`),
    // Keys that have a name are never many.
    node?.keys.size ? known.length : shownMax,
  )
}

function hasParts(node: OptionNode | undefined): boolean {
  return node !== undefined && (node.keys.size > 0 || node.entries !== undefined || node.items !== undefined)
}

/**
 * How two values differ, for a line that names both: of records and lists only what is not the same in both, and `…` for
 * the rest.
 */
export function formatBoth(from: unknown, to: unknown, node: OptionNode | undefined): { from: string; to: string } {
  const isCompared = isContainer(from) && isContainer(to) && Array.isArray(from) === Array.isArray(to)
  const isLarge = isCompared && Math.max(Object.keys(from).length, Object.keys(to).length) > shownMax
  if (!isCompared || !(isLarge || node?.option?.holds)) {
    return { from: formatTree(from, node), to: formatTree(to, node) }
  }
  if (!Array.isArray(from)) return formatRecords(partsOf(from, to, node), partsOf(to, from, node))
  const textsOf = (list: object) => (list as readonly unknown[]).map(item => formatTree(item, node?.items))
  return formatLists(textsOf(from), textsOf(to))
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

interface Part {
  readonly text: string
  /** The other record has it, too. By its value: two secrets look alike. */
  readonly isInBoth: boolean
}

function partsOf(record: object, other: object, node: OptionNode | undefined): Part[] {
  const others = new Map<string, unknown>(Object.entries(other))
  return Object.entries(record).map(([key, child]) => ({
    text: `${formatKey(key)}: ${formatTree(child, node?.keys.get(key) ?? node?.entries)}`,
    isInBoth: others.has(key) && isDeepStrictEqual(child, others.get(key)),
  }))
}

function formatRecords(before: readonly Part[], after: readonly Part[]): { from: string; to: string } {
  const differing = (parts: readonly Part[]) => parts.filter(({ isInBoth }) => !isInBoth).map(({ text }) => text)
  const left = differing(before)
  const rest = left.length < before.length ? ['…'] : []
  return { from: enclose('{}', [...rest, ...left]), to: enclose('{}', [...rest, ...differing(after)]) }
}

/** Order counts in a list: what is the same at its beginning and at its end is left out. */
function formatLists(before: readonly string[], after: readonly string[]): { from: string; to: string } {
  const length = Math.min(before.length, after.length)
  let start = 0
  while (start < length && before[start] === after[start]) start++
  let end = 0
  while (end < length - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const cut = (parts: readonly string[]) => [
    ...(start > 0 ? ['…'] : []),
    ...parts.slice(start, parts.length - end),
    ...(end > 0 ? ['…'] : []),
  ]
  return { from: enclose('[]', cut(before)), to: enclose('[]', cut(after)) }
}

function enclose([open, close]: string | readonly string[], parts: readonly string[], max = shownMax): string {
  if (parts.length === 0) return `${open}${close}`
  const more = parts.length - max
  const shown = more > 0 ? [...parts.slice(0, max), `… ${more} more`] : parts
  const text = shown.join(', ')
  return open === '{' ? `{ ${text} }` : `[${text}]`
}

function formatKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)
}

const writers: Readonly<Partial<Record<OptionKind, (value: unknown) => string>>> = {
  duration: value => (typeof value === 'number' ? formatDuration(value) : JSON.stringify(value)),
  size: value => (typeof value === 'number' ? formatSize(value) : JSON.stringify(value)),
  octal: value => `0o${(value as number).toString(8).padStart(3, '0')}`,
  path: value => (typeof value === 'string' ? value : JSON.stringify(value)),
  addresses: value => (value as readonly Address[]).map(formatAddress).join(', '),
  url: value => JSON.stringify(withoutPassword(value)),
  secret: () => '(secret)',
  share: value => formatShare(value as Share),
  workers: value => formatRange(value as { min: number; max: number }),
}

/** What may be shown of a value: nothing of a secret, and no password in an address. */
export function hideSecret(value: unknown, kind: OptionKind): unknown {
  if (kind === 'secret') return '(secret)'
  return kind === 'url' && typeof value === 'string' ? withoutPassword(value) : value
}

function withoutPassword(value: unknown): string {
  return withoutUserInfo(String(value), '…@')
}

function formatShare(share: Share): string {
  return 'fraction' in share ? `${Math.round(share.fraction * 10_000) / 100}%` : formatSize(share.bytes)
}

function formatRange({ min, max }: { min: number; max: number }): string {
  return min === max ? String(min) : `${min} to ${max}`
}
