/**
 * Where scans go on.
 *
 * The problem: rows are read in the order of their names, and a cursor is a number of 64 bits, which holds no name. The idea:
 * a cursor is the number of a remembered name, behind which the scan goes on; so whatever is there the whole time is
 * returned, once, whatever comes and goes meanwhile, and nothing is kept for a scan that has ended.
 *
 * The limit: so many are remembered, and they end with the owner. A cursor that is not known goes on from the beginning: the
 * scan returns some twice, as Redis' may, but leaves none out.
 */
import type { Keyspace } from '../database/keyspace.ts'
import { CommandError } from './command-error.ts'

const placesMax = 10_000
const bytesMax = 16 * 1024 ** 2
const uint64Max = 2n ** 64n - 1n

interface Place {
  readonly of: string
  readonly after: Buffer
}

export class Cursors {
  readonly #places = new Map<number, Place>()
  #bytes = 0
  // An owner does not take one of the owner before for its own. Clients may hold a cursor as a double.
  #next = 1 + Math.floor(Math.random() * 2 ** 48)

  /** The cursor of a scan of something (the number of a database, of a collection …) that goes on behind this. */
  keep(of: string, after: Buffer): Buffer {
    const cursor = this.#next++
    // A copy: the name may be a part of something larger.
    this.#places.set(cursor, { of, after: Buffer.from(after) })
    this.#bytes += after.length
    for (const [oldest, place] of this.#places) {
      if (this.#places.size <= placesMax && this.#bytes <= bytesMax) break
      this.#places.delete(oldest)
      this.#bytes -= place.after.length
    }
    return Buffer.from(String(cursor), 'latin1')
  }

  /** Behind what the scan goes on; undefined: at the beginning. */
  find(of: string, cursor: bigint): Buffer | undefined {
    const place = this.#places.get(Number(cursor))
    return place?.of === of ? place.after : undefined
  }
}

const byKeyspace = new WeakMap<Keyspace, Cursors>()

export function cursorsOf(keyspace: Keyspace): Cursors {
  const known = byKeyspace.get(keyspace) ?? new Cursors()
  byKeyspace.set(keyspace, known)
  return known
}

/** The cursor that says that all is scanned. */
export const ended = Buffer.from('0')

/** @throws {CommandError} when it is no number of 64 bits, as strictly as Redis. */
export function cursorOf(argument: Buffer | undefined): bigint {
  // Redis reads it as a text that ends at a byte of 0.
  const text = (argument?.toString('latin1') ?? '').split('\0', 1)[0] as string
  if (text === '') return 0n
  const number = /^[+-]?\d{1,40}$/.test(text) ? BigInt(text.replace(/^[+-]/, '')) : uint64Max + 1n
  if (number > uint64Max) throw new CommandError('ERR', 'invalid cursor')
  return number
}
