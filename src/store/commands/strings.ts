/** Texts under a key, as in Redis. Counters are in counting.ts, parts of texts in string-ranges.ts, bits in bits.ts. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply } from '../resp/reply.ts'
import { wordOf } from './arguments.ts'
import { allKeys, type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError, wrongType } from './command-error.ts'
import { expiryOf } from './expiry.ts'
import { bufferOf, read, stringOf, write } from './string-values.ts'

export { bufferOf } from './string-values.ts'

const pairsOfKeys = { first: 0, last: -1, step: 2 }

export const strings: readonly Command[] = [
  {
    name: 'get',
    summary: 'The value of a key.',
    usage: 'key',
    arity: 1,
    flags: ['readonly', 'single'],
    keys: oneKey,
    run: ({ keyspace, owner }, [key]) =>
      // The owner remembers what is asked for again and again.
      owner ? (read(keyspace, key as Buffer) ?? null) : readAtOnce(keyspace, key as Buffer),
  },
  {
    name: 'mget',
    summary: 'The values of several keys; null for those that are absent or hold something else.',
    usage: 'key [key …]',
    arity: -1,
    flags: ['readonly'],
    keys: allKeys,
    run: ({ keyspace }, keys) =>
      keys.map(key => keyspace.answer.element(stringOf(keyspace, keyspace.find(key)) ?? null)),
  },
  {
    name: 'set',
    summary: 'Sets a key, whatever it held.',
    usage: 'key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]',
    arity: -2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value, ...words]) =>
      set(context, key as Buffer, value as Buffer, setOptionsOf(words, settings), 'set'),
  },
  {
    name: 'setnx',
    summary: 'Sets a key that is absent: 1 or 0.',
    usage: 'key value',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value]) =>
      set(context, key as Buffer, value as Buffer, { condition: 'NX' }, 'setnx') === ok ? 1 : 0,
  },
  ...[
    { name: 'setex', unit: 'seconds', word: 'EX' },
    { name: 'psetex', unit: 'milliseconds', word: 'PX' },
  ].map(
    ({ name, unit, word }): Command => ({
      name,
      summary: `Sets a key for some ${unit}.`,
      usage: `key ${unit} value`,
      arity: 3,
      flags: ['write'],
      keys: oneKey,
      run: (context, [key, time, value]) => set(context, key as Buffer, value as Buffer, { word, time }, name),
    }),
  ),
  {
    name: 'getset',
    summary: 'Sets a key, and returns what it held.',
    usage: 'key value',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value]) => set(context, key as Buffer, value as Buffer, { isGet: true }, 'getset'),
  },
  {
    name: 'getdel',
    summary: 'Deletes a key, and returns what it held.',
    usage: 'key',
    arity: 1,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, keyTypes.string)
      if (!entry) return null
      const value = stringOf(keyspace, entry)
      keyspace.remove(entry)
      return value ?? null
    },
  },
  {
    name: 'getex',
    summary: 'The value of a key, which gets another time to live or none.',
    usage: 'key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]',
    arity: -1,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: getAndExpire,
  },
  {
    name: 'mset',
    summary: 'Sets several keys at once.',
    usage: 'key value [key value …]',
    arity: -2,
    flags: ['write'],
    keys: pairsOfKeys,
    run: ({ keyspace }, pairs) => {
      checkPairs(pairs, 'mset')
      for (let i = 0; i < pairs.length; i += 2) write(keyspace, pairs[i] as Buffer, pairs[i + 1] as Buffer, null)
      return ok
    },
  },
  {
    name: 'msetnx',
    summary: 'Sets several keys at once if none of them is there: 1 or 0.',
    usage: 'key value [key value …]',
    arity: -2,
    flags: ['write'],
    keys: pairsOfKeys,
    run: ({ keyspace }, pairs) => {
      checkPairs(pairs, 'msetnx')
      for (let i = 0; i < pairs.length; i += 2) if (keyspace.find(pairs[i] as Buffer)) return 0
      for (let i = 0; i < pairs.length; i += 2) write(keyspace, pairs[i] as Buffer, pairs[i + 1] as Buffer, null)
      return 1
    },
  },
]

function checkPairs(pairs: readonly Buffer[], name: string): void {
  if (pairs.length % 2 !== 0) throw new CommandError('ERR', `wrong number of arguments for '${name}' command`)
}

interface SetOptions {
  readonly condition?: string | undefined
  readonly isGet?: boolean
  /** `EX`, `PX`, `EXAT` or `PXAT` and its argument, or `KEEPTTL` or `PERSIST`. */
  readonly word?: string | undefined
  readonly time?: Buffer | undefined
}

const settings = new Set(['NX', 'XX', 'GET', 'KEEPTTL'])
const gettings = new Set(['PERSIST'])

function setOptionsOf(words: readonly Buffer[], allowed: ReadonlySet<string>): SetOptions {
  let condition: string | undefined
  let isGet = false
  let word: string | undefined
  let time: Buffer | undefined
  for (let i = 0; i < words.length; i++) {
    const next = wordOf(words[i])
    const isTimed = /^(?:EX|PX)(?:AT)?$/.test(next) && i + 1 < words.length
    if (!isTimed && !allowed.has(next)) throw syntaxError()
    if (next === 'GET') isGet = true
    else if (next === 'NX' || next === 'XX') {
      if (condition && condition !== next) throw syntaxError()
      condition = next
    } else {
      // The same one again counts, as in Redis; two different ones are a mistake.
      if (word && word !== next) throw syntaxError()
      word = next
      if (isTimed) time = words[++i]
    }
  }
  return { condition, isGet, word, time }
}

function set(context: CommandContext, key: Buffer, value: Buffer, options: SetOptions, command: string): Reply {
  const { keyspace, now } = context
  const { condition, isGet, word, time } = options
  const expires = word === 'KEEPTTL' ? 'keep' : word === undefined ? null : expiryOf(word, time, now, command)
  const before = isGet ? (read(keyspace, key) ?? null) : undefined
  if (condition !== undefined && (keyspace.find(key) !== undefined) !== (condition === 'XX')) return before ?? null
  write(keyspace, key, value, expires)
  return before === undefined ? ok : before
}

function getAndExpire({ keyspace, now }: CommandContext, [key, ...words]: readonly Buffer[]): Reply {
  const { word, time } = setOptionsOf(words, gettings)
  const entry = keyspace.findOf(key as Buffer, keyTypes.string)
  if (!entry) return null
  const expires = word === undefined || word === 'PERSIST' ? null : expiryOf(word, time, now, 'getex')
  const value = stringOf(keyspace, entry) as Buffer
  if (expires !== null) endAt(keyspace, entry, expires)
  else if (word === 'PERSIST' && entry.expires !== null) keyspace.expireAt(entry, null)
  return value
}

/** It ends then; at once if that is over. */
export function endAt(keyspace: Keyspace, entry: Entry, at: number): void {
  if (at <= keyspace.now) keyspace.remove(entry)
  else keyspace.expireAt(entry, at)
}

/** What a counter's `peek` waits for: one statement. */
function readAtOnce(keyspace: Keyspace, key: Buffer): Buffer | null {
  const unwritten = keyspace.unwrittenText(key)
  if (unwritten) return unwritten
  const row = keyspace.sql('SELECT type, expires, value FROM keys WHERE name = ?').get(key)
  if (!row) return null
  const [type, expires, value] = row as unknown as [number, number | null, Uint8Array | null]
  if (expires !== null && expires <= keyspace.now) return null
  if (type !== keyTypes.string) throw wrongType()
  return bufferOf(value ?? new Uint8Array())
}
