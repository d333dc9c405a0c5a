/** Parts of strings. */
import { keyTypes } from '../database/keyspace.ts'
import { Pairs, type Reply } from '../resp/reply.ts'
import { roughIntegerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { findCommon } from './common-text.ts'
import { checkLength, lengthOf, sliceOf, stringOf, write } from './string-values.ts'

const { string } = keyTypes

export const stringRanges: readonly Command[] = [
  {
    name: 'strlen',
    summary: 'The bytes of a value; 0 when there is none.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, string)
      return entry ? lengthOf(keyspace, entry) : 0
    },
  },
  {
    name: 'append',
    summary: 'Puts bytes behind a value; returns its new length.',
    usage: 'key value',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value]) => {
      const { keyspace } = context
      const added = value as Buffer
      const entry = keyspace.findOf(key as Buffer, string)
      checkLength(context, (entry ? lengthOf(keyspace, entry) : 0) + added.length)
      const old = stringOf(keyspace, entry)
      const whole = old ? Buffer.concat([old, added]) : added
      write(keyspace, key as Buffer, whole, 'keep')
      return whole.length
    },
  },
  ...['getrange', 'substr'].map(
    (name): Command => ({
      name,
      summary: 'The bytes of a value from one to another, both included; below 0 they count from the end.',
      usage: 'key start end',
      arity: 3,
      flags: ['readonly'],
      keys: oneKey,
      run: range,
    }),
  ),
  {
    name: 'setrange',
    summary:
      'Writes bytes into a value from an offset on, with zeros before them if it is shorter; returns its length.',
    usage: 'key offset value',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: setRange,
  },
  {
    name: 'lcs',
    summary: 'The longest text that is in both values, with gaps; its length; or where it is.',
    usage: 'key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]',
    arity: -2,
    flags: ['readonly'],
    keys: { first: 0, last: 1, step: 1 },
    run: common,
  },
]

function range({ keyspace }: CommandContext, [key, start, end]: readonly Buffer[]): Reply {
  const [first, last] = [roughIntegerOf(start), roughIntegerOf(end)]
  const entry = keyspace.findOf(key as Buffer, string)
  if (!entry) return Buffer.alloc(0)
  // Both before the start, and the wrong way round: nothing, not the first byte.
  if (first < 0 && last < 0 && first > last) return Buffer.alloc(0)
  const length = lengthOf(keyspace, entry)
  const from = Math.max(0, first < 0 ? first + length : first)
  const to = Math.min(length - 1, Math.max(0, last < 0 ? last + length : last))
  return sliceOf(keyspace, entry, from, to - from + 1)
}

function setRange(context: CommandContext, [key, offset, value]: readonly Buffer[]): Reply {
  const { keyspace } = context
  const from = roughIntegerOf(offset)
  const added = value as Buffer
  if (from < 0) throw new CommandError('ERR', 'offset is out of range')
  const entry = keyspace.findOf(key as Buffer, string)
  const length = entry ? lengthOf(keyspace, entry) : 0
  if (added.length === 0) return length
  checkLength(context, from + added.length)
  const whole = Buffer.alloc(Math.max(length, from + added.length))
  stringOf(keyspace, entry)?.copy(whole)
  added.copy(whole, from)
  write(keyspace, key as Buffer, whole, 'keep')
  return whole.length
}

function common({ keyspace }: CommandContext, [one, other, ...words]: readonly Buffer[]): Reply {
  const [a, b] = [one, other].map(key => {
    const entry = keyspace.find(key as Buffer)
    if (entry && entry.type !== string) throw new CommandError('ERR', 'The specified keys must contain string values')
    return stringOf(keyspace, entry) ?? Buffer.alloc(0)
  }) as [Buffer, Buffer]
  const { isLength, isPlaces, lengthMin, hasLengths } = commonOptionsOf(words)
  const { length, matches } = findCommon(a, b)
  if (isLength) return length
  if (!isPlaces) return Buffer.concat(matches.map(match => a.subarray(match.a, match.a + match.length)).reverse())
  const shown = matches
    .filter(match => match.length >= lengthMin)
    .map(match => [
      [match.a, match.a + match.length - 1],
      [match.b, match.b + match.length - 1],
      ...(hasLengths ? [match.length] : []),
    ])
  return new Pairs([Buffer.from('matches'), shown, Buffer.from('len'), length])
}

function commonOptionsOf(words: readonly Buffer[]) {
  let [isLength, isPlaces, hasLengths, lengthMin] = [false, false, false, 0]
  for (let i = 0; i < words.length; i++) {
    const word = wordOf(words[i])
    if (word === 'LEN') isLength = true
    else if (word === 'IDX') isPlaces = true
    else if (word === 'WITHMATCHLEN') hasLengths = true
    else if (word === 'MINMATCHLEN' && i + 1 < words.length) lengthMin = Math.max(0, roughIntegerOf(words[++i]))
    else throw syntaxError()
  }
  if (isLength && isPlaces) {
    throw new CommandError('ERR', 'If you want both the length and indexes, please just use IDX.')
  }
  return { isLength, isPlaces, hasLengths, lengthMin }
}
