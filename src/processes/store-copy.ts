/** `saola store copy FROM TO`: all keys of a store into another one, and whether both then hold the same. */
import { ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import type { Store } from '../store/store.ts'
import { keysOf, type Piece, piecesOf, type Type, ttlOf, typeOf, types, writePieces } from './store-contents.ts'
import { checkPlaces, isSameStore, itselfError, openPlace, withoutSecret } from './store-places.ts'

export interface CopyRequest {
  /** A folder, or the address of a Redis or of a Saola: `redis://`, `rediss://`, `redis+unix://`, `saola://`, `saolas://`. */
  readonly from: string
  readonly to: string
  /** Deletes what is in `to` before. */
  readonly replace: boolean
  /** Told before anything in `to` is changed, and when all is there: between them it holds a part only. */
  readonly onPhase?: (phase: 'writing' | 'written') => void
  /** Told after each key. */
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface CopyProgress {
  readonly step: 'copied' | 'compared'
  readonly done: number
  readonly total: number
}

export interface CopyResult {
  readonly keys: number
  /** How many keys of each type. */
  readonly types: Readonly<Record<string, number>>
  /** What is not the same, a line each; the first hundred. */
  readonly differences: readonly string[]
}

const writtenAtOnce = 500
const bytesAtOnce = 4 * 1024 ** 2
const differencesMax = 100
// What ends so soon may be gone on one side and not yet on the other; and times are taken one after the other.
const ttlToleranceMs = 5_000

/**
 * Copies and then compares. Nobody should write to either of them meanwhile: that shows as a difference.
 *
 * @throws {ServerError} ERR_STORE_NOT_FOUND when there is no store in the folder `from`; ERR_STORE_NOT_EMPTY when `to` holds
 *   something and is not to be replaced; ERR_USAGE when both are the same, under whatever names, or an address is of no kind
 *   that can be copied.
 * @throws {StoreError} STORE_UNAVAILABLE and the like; before anything is changed when one of the two cannot be reached.
 */
export async function copyStore({ from, to, replace, onPhase, onProgress }: CopyRequest): Promise<CopyResult> {
  checkPlaces(from, to)
  await using source = openPlace(from)
  // Before a folder is made for the other.
  const total = (await source.command('dbsize')) as number
  await using target = openPlace(to)
  await target.command('ping')
  if (await isSameStore(source, target, from, to)) throw itselfError()
  if (replace) {
    onPhase?.('writing')
    await target.command('flushdb')
  } else if (await hasKeys(target)) {
    const message = `There are keys in ${withoutSecret(to)} already. With --replace they are deleted before; nothing was copied.`
    throw new ServerError('ERR_STORE_NOT_EMPTY', message)
  }
  onPhase?.('writing')
  const differences = new Differences()
  const counts: Record<string, number> = {}
  let done = 0
  for await (const key of keysOf(source)) {
    const type = await copyKey(source, target, key, differences)
    if (type) counts[type] = (counts[type] ?? 0) + 1
    onProgress?.({ step: 'copied', done: ++done, total: Math.max(total, done) })
  }
  onPhase?.('written')
  // In Redis more is counted than the keys of a store.
  if (done < total) onProgress?.({ step: 'copied', done, total: done })
  await compareStores(source, target, differences, compared => {
    onProgress?.({ step: 'compared', done: compared, total: Math.max(done, compared) })
  })
  return {
    keys: Object.values(counts).reduce((sum, count) => sum + count, 0),
    types: counts,
    differences: differences.lines,
  }
}

/** Its type; undefined when it is gone, or of no type that a store has. */
async function copyKey(source: Store, target: Store, key: Buffer, differences: Differences): Promise<Type | undefined> {
  const type = await typeOf(source, key)
  if (type === 'none') return undefined
  if (!isType(type)) {
    differences.add(`${nameOf(key)} is a ${type}, which a store does not have`)
    return undefined
  }
  let pieces: Piece[] = []
  let bytes = 0
  for await (const piece of piecesOf(source, key, type)) {
    pieces.push(piece)
    bytes += piece.value.length
    if (pieces.length < writtenAtOnce && bytes < bytesAtOnce) continue
    await writePieces(target, key, type, pieces)
    pieces = []
    bytes = 0
  }
  await writePieces(target, key, type, pieces)
  const ttlMs = await ttlOf(source, key)
  if (ttlMs !== undefined) await target.command('pexpire', key, Math.max(1, ttlMs))
  return type
}

async function compareStores(
  source: Store,
  target: Store,
  differences: Differences,
  onCompared: (count: number) => void,
): Promise<void> {
  let compared = 0
  for await (const [one, other] of inStep(keysOf(source), keysOf(target), key => key)) {
    const key = (one ?? other) as Buffer
    const [typeOfOne, typeOfOther] = await Promise.all([typeOf(source, key), typeOf(target, key)])
    const isSoonOver = await endsSoon(one ? source : target, key)
    if (typeOfOne !== typeOfOther) {
      if (!isSoonOver && (isType(typeOfOne) || isType(typeOfOther))) {
        differences.add(`${nameOf(key)} is a ${typeOfOne} in the first and a ${typeOfOther} in the second`)
      }
    } else if (isType(typeOfOne)) {
      const what = isSoonOver ? undefined : await compareKeys(source, target, key, typeOfOne)
      if (what !== undefined) differences.add(`${nameOf(key)}: ${what}`)
    }
    onCompared(++compared)
  }
}

/** What is different; undefined when nothing is. */
async function compareKeys(source: Store, target: Store, key: Buffer, type: Type): Promise<string | undefined> {
  const isOrdered = type === 'list' || type === 'zset'
  const [from, to] = [piecesOf(source, key, type), piecesOf(target, key, type)]
  for await (const [one, other] of inStep(from, to, piece => (isOrdered ? undefined : piece.name))) {
    if (one && other) {
      if (!one.name.equals(other.name) || !one.value.equals(other.value)) return `other contents${at(one)}`
      if (!isSameTime(one.ttlMs, other.ttlMs)) return `another time to live${at(one)}`
    } else if (!isOver((one ?? other)?.ttlMs))
      return `${one ? 'missing in the second' : 'only in the second'}${at(one ?? other)}`
  }
  const [one, other] = await Promise.all([ttlOf(source, key), ttlOf(target, key)])
  return isSameTime(one, other) ? undefined : 'another time to live'
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

async function endsSoon(store: Store, key: Buffer): Promise<boolean> {
  return isOver(await ttlOf(store, key))
}

function isOver(ttlMs: number | undefined): boolean {
  return ttlMs !== undefined && ttlMs < ttlToleranceMs
}

function isSameTime(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Math.abs(one - other) <= ttlToleranceMs
}

function isType(type: string): type is Type {
  return (types as readonly string[]).includes(type)
}

async function hasKeys(store: Store): Promise<boolean> {
  for await (const _ of keysOf(store)) return true
  return false
}

class Differences {
  readonly lines: string[] = []

  add(line: string): void {
    if (this.lines.length < differencesMax) this.lines.push(line)
  }
}

function nameOf(key: Buffer): string {
  return printable(key.toString())
}

function at(piece: Piece | undefined): string {
  return piece && piece.name.length > 0 ? ` at ${printable(piece.name.toString())}` : ''
}
