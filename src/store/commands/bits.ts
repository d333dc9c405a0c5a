/** Bits of strings, numbered from the highest of the first byte on. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { roughIntegerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { checkLength, lengthOf, read, sliceOf, stringOf, write } from './string-values.ts'

const { string } = keyTypes
/** A string of Redis has at most so many. */
const bitsMax = 2 ** 32

export const bits: readonly Command[] = [
  {
    name: 'setbit',
    summary: 'Sets a bit, in a value that is as long as it needs; returns what it was.',
    usage: 'key offset 0|1',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: setBit,
  },
  {
    name: 'getbit',
    summary: 'A bit of a value; 0 behind its end.',
    usage: 'key offset',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, argument]) => {
      const offset = bitOffsetOf(argument)
      const entry = keyspace.findOf(key as Buffer, string)
      return entry ? bitAt(sliceOf(keyspace, entry, offset >> 3, 1), offset & 7) : 0
    },
  },
  {
    name: 'bitcount',
    summary: 'How many bits are 1, of all or of a range.',
    usage: 'key [start end [BYTE | BIT]]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: countBits,
  },
  {
    name: 'bitpos',
    summary: 'Where the first bit is that is 1, or 0; -1 when there is none.',
    usage: 'key 0|1 [start [end [BYTE | BIT]]]',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey,
    run: findBit,
  },
  {
    name: 'bitop',
    summary: 'Sets a key to the AND, OR, XOR or NOT of values, the shorter ones with zeros behind; returns its length.',
    usage: 'AND|OR|XOR|NOT destination key [key …]',
    arity: -3,
    flags: ['write'],
    keys: { first: 1, last: -1, step: 1 },
    run: combineBits,
  },
]

export function bitOffsetOf(argument: Buffer | undefined): number {
  let offset: number
  try {
    offset = roughIntegerOf(argument)
  } catch {
    throw wrongOffset()
  }
  if (offset < 0 || offset >= bitsMax) throw wrongOffset()
  return offset
}

export function wrongOffset(): CommandError {
  return new CommandError('ERR', 'bit offset is not an integer or out of range')
}

/** The bytes of a value, made as long as this with zeros at the end; a copy, for a change. */
export function grownCopy(context: CommandContext, key: Buffer, length: number): Buffer {
  const { keyspace } = context
  const entry = keyspace.findOf(key, string)
  checkLength(context, length)
  const whole = Buffer.alloc(Math.max(length, entry ? lengthOf(keyspace, entry) : 0))
  stringOf(keyspace, entry)?.copy(whole)
  return whole
}

function setBit(context: CommandContext, [key, argument, bit]: readonly Buffer[]): Reply {
  const offset = bitOffsetOf(argument)
  const text = bit?.toString('latin1')
  if (text !== '0' && text !== '1') throw new CommandError('ERR', 'bit is not an integer or out of range')
  const at = Math.floor(offset / 8)
  const whole = grownCopy(context, key as Buffer, at + 1)
  const mask = 0x80 >> (offset & 7)
  const before = bitAt(whole.subarray(at), offset & 7)
  const byte = whole[at] as number
  whole[at] = text === '1' ? byte | mask : byte & ~mask
  write(context.keyspace, key as Buffer, whole, 'keep')
  return before
}

function bitAt(bytes: Buffer, index: number): number {
  return ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1
}

interface BitRange {
  /** From one bit to another, both included. */
  readonly from: number
  readonly to: number
}

interface GivenRange {
  readonly start: number
  readonly end: number
  readonly isBits: boolean
}

function rangeOf([start, end, unit]: readonly Buffer[]): GivenRange {
  const [first, last] = [start, end].map((argument, i) => (argument === undefined ? -i : roughIntegerOf(argument))) as [
    number,
    number,
  ]
  const word = unit === undefined ? 'BYTE' : wordOf(unit)
  if (word !== 'BYTE' && word !== 'BIT') throw syntaxError()
  return { start: first, end: last, isBits: word === 'BIT' }
}

/** Within a value of so many bytes; undefined: nothing. */
function withinBytes({ start, end, isBits }: GivenRange, bytes: number): BitRange | undefined {
  const size = isBits ? bytes * 8 : bytes
  const from = Math.max(0, start < 0 ? start + size : start)
  const to = Math.min(size - 1, Math.max(0, end < 0 ? end + size : end))
  if (from > to) return undefined
  return isBits ? { from, to } : { from: from * 8, to: to * 8 + 7 }
}

/** Bytes that hold a range, with those bits of the first and last one that are outside of it set to this. */
function bytesOf(keyspace: Keyspace, entry: Entry, { from, to }: BitRange, outside: 0 | 1): Buffer {
  const first = Math.floor(from / 8)
  const found = sliceOf(keyspace, entry, first, Math.floor(to / 8) - first + 1)
  // What is remembered must not change.
  const bytes = entry.text ? Buffer.from(found) : found
  const before = ~(0xff >> (from & 7)) & 0xff
  const after = 0x7f >> (to & 7)
  const last = bytes.length - 1
  const mask = (index: number, bits: number) => {
    bytes[index] = outside ? (bytes[index] as number) | bits : (bytes[index] as number) & ~bits
  }
  mask(0, before)
  mask(last, after)
  return bytes
}

function countBits({ keyspace }: CommandContext, [key, ...words]: readonly Buffer[]): Reply {
  // As Redis: of an absent key no range is wrong.
  const entry = keyspace.findOf(key as Buffer, string)
  if (!entry) return 0
  if (words.length === 1 || words.length > 3) throw syntaxError()
  const given = rangeOf(words)
  const { start, end } = given
  // Both before the first, and the wrong way round: nothing here, and in BITPOS the first one, as in Redis.
  const isNothing = start < 0 && end < 0 && start > end
  const range = isNothing ? undefined : withinBytes(given, lengthOf(keyspace, entry))
  if (!range) return 0
  const bytes = bytesOf(keyspace, entry, range, 0)
  let count = 0
  // By index: an iterator takes ten times as long.
  for (let i = 0; i < bytes.length; i++) count += onesOf[bytes[i] as number] as number
  return count
}

const onesOf = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)

function findBit({ keyspace }: CommandContext, [key, bit, ...words]: readonly Buffer[]): Reply {
  const wanted = roughIntegerOf(bit)
  if (wanted !== 0 && wanted !== 1) throw new CommandError('ERR', 'The bit argument must be 1 or 0.')
  const entry = keyspace.findOf(key as Buffer, string)
  if (!entry) return wanted === 1 ? -1 : 0
  if (words.length > 3) throw syntaxError()
  const length = lengthOf(keyspace, entry)
  const range = withinBytes(rangeOf(words), length)
  if (!range) return -1
  const bytes = bytesOf(keyspace, entry, range, wanted === 1 ? 0 : 1)
  const without = wanted === 1 ? 0x00 : 0xff
  const at = bytes.findIndex(byte => byte !== without)
  // Behind the end are zeros, if nobody has said where to end.
  if (at < 0) return wanted === 0 && words.length < 2 ? length * 8 : -1
  const byte = bytes[at] as number
  return Math.floor(range.from / 8) * 8 + at * 8 + Math.clz32((wanted === 1 ? byte : ~byte & 0xff) << 24)
}

function combineBits(context: CommandContext, [operation, target, ...sources]: readonly Buffer[]): Reply {
  const { keyspace } = context
  const name = wordOf(operation)
  if (!['AND', 'OR', 'XOR', 'NOT'].includes(name)) throw syntaxError()
  if (name === 'NOT' && sources.length !== 1) {
    throw new CommandError('ERR', 'BITOP NOT must be called with a single source key.')
  }
  const values = sources.map(key => read(keyspace, key) ?? Buffer.alloc(0))
  const result = Buffer.alloc(Math.max(...values.map(value => value.length)))
  values[0]?.copy(result)
  if (name === 'NOT') for (let i = 0; i < result.length; i++) result[i] = ~(result[i] as number)
  for (const value of values.slice(1)) merge(name, result, value)
  const old = keyspace.find(target as Buffer)
  if (result.length > 0) write(keyspace, target as Buffer, result, null)
  else if (old) keyspace.remove(old)
  return result.length
}

function merge(name: string, result: Buffer, value: Buffer): void {
  for (let i = 0; i < result.length; i++) {
    const [one, other] = [result[i] as number, value[i] ?? 0]
    result[i] = name === 'AND' ? one & other : name === 'OR' ? one | other : one ^ other
  }
}
