/** `saola store copy FROM TO`: all keys of a store into another one, and whether both then hold the same. */
import { ServerError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { inGroups, inParallel, nextTurn } from './in-parallel.ts'
import { compareStores } from './store-compare.ts'
import {
  factsOf,
  isType,
  type KeyFacts,
  keysOf,
  type Piece,
  piecesOf,
  writeEnding,
  writePieces,
} from './store-contents.ts'
import { atOnce, Differences, nameOf } from './store-differences.ts'
import { checkPlaces, databasesLeftOut, isSameStore, itselfError, openPlace, withoutSecret } from './store-places.ts'

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
  /** Numbers of databases beside the one that was copied, which hold keys too. */
  readonly leftOut: readonly number[]
}

const keysAtOnce = 500
const writtenAtOnce = 500
const bytesAtOnce = 4 * 1024 ** 2

/**
 * Copies one database, that of the address, else database 0, and then compares. Nobody should write to either of them meanwhile: that shows as a difference.
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
  let offMs = 0
  await inParallel(foundIn(source), { ...atOnce, weightOf: ({ facts }) => facts.bytes }, async found => {
    const keyOffMs = await copyKey(source, target, found, differences)
    if (keyOffMs !== undefined) {
      offMs = Math.max(offMs, keyOffMs)
      counts[found.facts.type] = (counts[found.facts.type] ?? 0) + 1
    }
    onProgress?.({ step: 'copied', done: ++done, total: Math.max(total, done) })
  })
  onPhase?.('written')
  // In Redis more is counted than the keys of a store.
  if (done < total) onProgress?.({ step: 'copied', done, total: done })
  const onCompared = (compared: number) =>
    onProgress?.({ step: 'compared', done: compared, total: Math.max(done, compared) })
  await compareStores(source, target, differences, { offMs, onCompared })
  return {
    keys: Object.values(counts).reduce((sum, count) => sum + count, 0),
    types: counts,
    differences: differences.lines,
    leftOut: await databasesLeftOut(source, from),
  }
}

interface Found {
  readonly key: Buffer
  readonly facts: KeyFacts
}

/** The keys of a store, and what is known of them. */
async function* foundIn(store: Store): AsyncGenerator<Found> {
  for await (const keys of inGroups(keysOf(store), keysAtOnce)) {
    yield* await Promise.all(keys.map(async key => ({ key, facts: await factsOf(store, key) })))
  }
}

/**
 * By how many milliseconds what was copied may end at another time; undefined when nothing was, because it is gone, or of no type
 * that a store has.
 */
async function copyKey(source: Store, target: Store, { key, facts }: Found, differences: Differences) {
  const { type, ending } = facts
  if (type === 'none') return undefined
  if (!isType(type)) {
    differences.add(`${nameOf(key)} is a ${type}, which a store does not have`)
    return undefined
  }
  await nextTurn()
  let pieces: Piece[] = []
  let bytes = 0
  let offMs = 0
  const write = async () => {
    offMs = Math.max(offMs, await writePieces(target, key, type, pieces))
  }
  for await (const piece of piecesOf(source, key, type)) {
    pieces.push(piece)
    bytes += piece.value.length
    if (pieces.length < writtenAtOnce && bytes < bytesAtOnce) continue
    await write()
    pieces = []
    bytes = 0
  }
  await nextTurn()
  await write()
  if (ending) offMs = Math.max(offMs, await writeEnding(ending, ttlMs => target.command('pexpire', key, ttlMs)))
  return offMs
}

async function hasKeys(store: Store): Promise<boolean> {
  for await (const _ of keysOf(store)) return true
  return false
}
