/** Whether two stores hold the same: both are read to their end, in step. */
import { printable } from '../base/printable.ts'
import type { Store } from '../store/store.ts'
import { inGroups, inParallel, nextTurn } from './in-parallel.ts'
import { type Ending, factsOf, isType, type KeyFacts, keysOf, type Piece, piecesOf } from './store-contents.ts'
import { atOnce, type Differences, nameOf } from './store-differences.ts'

// What ends so soon may be gone on one side and not yet on the other; and the clocks of two machines do not run alike.
const toleranceMs = 5_000
const keysAtOnce = 250

interface Pair {
  readonly key: Buffer
  readonly one: KeyFacts
  readonly other: KeyFacts
}

export interface CompareOptions {
  /** By how many milliseconds times of end may be others, as far as is known: 0 by default, copies on a busy machine are less exact. */
  readonly offMs?: number
  /** Told how many keys have been looked at. */
  readonly onCompared?: (count: number) => void
}

/** Adds a line for each key that is not the same in both. */
export async function compareStores(
  source: Store,
  target: Store,
  differences: Differences,
  { offMs = 0, onCompared }: CompareOptions = {},
): Promise<void> {
  let compared = 0
  const weightOf = ({ one, other }: Pair) => one.bytes + other.bytes
  await inParallel(pairsOf(source, target), { ...atOnce, weightOf }, async pair => {
    const what = await differenceOf(source, target, pair, offMs)
    if (what !== undefined) differences.add(`${nameOf(pair.key)}${what}`)
    onCompared?.(++compared)
  })
}

/** The keys that one of both has, at least. */
async function* pairsOf(source: Store, target: Store): AsyncGenerator<Pair> {
  const names = inStep(keysOf(source), keysOf(target), key => key)
  for await (const group of inGroups(names, keysAtOnce)) {
    yield* await Promise.all(
      group.map(async ([left, right]) => {
        const key = (left ?? right) as Buffer
        const [one, other] = await Promise.all([factsOf(source, key), factsOf(target, key)])
        return { key, one, other }
      }),
    )
  }
}

async function differenceOf(
  source: Store,
  target: Store,
  { key, one, other }: Pair,
  offMs: number,
): Promise<string | undefined> {
  if (isOver(one.type === 'none' ? other : one)) return undefined
  if (one.type !== other.type) {
    const isOurs = isType(one.type) || isType(other.type)
    return isOurs ? ` is a ${one.type} in the first and a ${other.type} in the second` : undefined
  }
  if (!isType(one.type)) return undefined
  await nextTurn()
  const pieces = [piecesOf(source, key, one.type), piecesOf(target, key, one.type)] as const
  const what = await contentsDiffer(pieces, { isOrdered: one.type === 'list' || one.type === 'zset', offMs })
  if (what !== undefined) return `: ${what}`
  return isSameEnding(one.ending, other.ending, offMs) ? undefined : ': another time to live'
}

/** What is different; undefined when nothing is. */
async function contentsDiffer(
  [from, to]: readonly [AsyncIterator<Piece>, AsyncIterator<Piece>],
  { isOrdered, offMs }: { readonly isOrdered: boolean; readonly offMs: number },
): Promise<string | undefined> {
  for await (const [one, other] of inStep(from, to, piece => (isOrdered ? undefined : piece.name))) {
    if (one && other) {
      if (!one.name.equals(other.name) || !one.value.equals(other.value)) return `other contents${at(one)}`
      if (!isSameEnding(one.ending, other.ending, offMs)) return `another time to live${at(one)}`
    } else if (!isOver(one ?? other))
      return `${one ? 'missing in the second' : 'only in the second'}${at(one ?? other)}`
  }
  return undefined
}

/** Goes through both: what has the same name comes together, in the order of names; without names each with its next. */
async function* inStep<Item>(
  one: AsyncIterator<Item>,
  other: AsyncIterator<Item>,
  nameOfItem: (item: Item) => Buffer | undefined,
): AsyncGenerator<[one: Item | undefined, other: Item | undefined]> {
  let [left, right] = await Promise.all([one.next(), other.next()])
  while (!left.done || !right.done) {
    const order = left.done ? 1 : right.done ? -1 : orderOf(nameOfItem(left.value), nameOfItem(right.value))
    yield [order <= 0 ? (left.value as Item) : undefined, order >= 0 ? (right.value as Item) : undefined]
    const next = [order <= 0 ? one.next() : left, order >= 0 ? other.next() : right] as const
    ;[left, right] = await Promise.all(next)
  }
}

function orderOf(one: Buffer | undefined, other: Buffer | undefined): number {
  return one && other ? Buffer.compare(one, other) : 0
}

/** Whether it may have ended, or will soon. */
function isOver(what: { readonly ending: Ending | undefined } | undefined): boolean {
  return what?.ending !== undefined && what.ending.earliest - performance.now() < toleranceMs
}

function isSameEnding(one: Ending | undefined, other: Ending | undefined, offMs: number): boolean {
  if (!one || !other) return one === other
  const apartMs = Math.max(one.earliest, other.earliest) - Math.min(one.latest, other.latest)
  return apartMs <= toleranceMs + offMs
}

function at(piece: Piece | undefined): string {
  return piece && piece.name.length > 0 ? ` at ${printable(piece.name.toString())}` : ''
}
