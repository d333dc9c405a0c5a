/** Texts and numbers under a key, as in Redis; and counters. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply } from '../resp/reply.ts'
import { floatOf, integerOf, wordOf } from './arguments.ts'
import { allKeys, type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, notAFloat, notAnInteger, syntaxError, wrongType } from './command-error.ts'
import { expiryOf } from './expiry.ts'
import { formatFloat } from './format-number.ts'

const rememberedBytesMax = 32

export const strings: readonly Command[] = [
  {
    name: 'get',
    summary: 'The value of a key.',
    usage: 'key',
    arity: 1,
    flags: ['readonly', 'single'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => readAtOnce(keyspace, key as Buffer),
  },
  {
    name: 'mget',
    summary: 'The values of several keys; null for those that are absent or hold something else.',
    usage: 'key [key …]',
    arity: -1,
    flags: ['readonly'],
    keys: allKeys,
    run: ({ keyspace }, keys) => keys.map(key => stringOf(keyspace, keyspace.find(key)) ?? null),
  },
  {
    name: 'strlen',
    summary: 'The bytes of a value; 0 when there is none.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => read(keyspace, key as Buffer)?.length ?? 0,
  },
  {
    name: 'set',
    summary: 'Sets a key, whatever it held.',
    usage: 'key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]',
    arity: -2,
    flags: ['write'],
    keys: oneKey,
    run: set,
  },
  {
    name: 'setnx',
    summary: 'Sets a key that is absent.',
    usage: 'key value',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value]) => (set(context, [key as Buffer, value as Buffer, Buffer.from('NX')]) === ok ? 1 : 0),
  },
  {
    name: 'setex',
    summary: 'Sets a key for some seconds.',
    usage: 'key seconds value',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, seconds, value]) =>
      set(context, [key as Buffer, value as Buffer, Buffer.from('EX'), seconds as Buffer]),
  },
  {
    name: 'psetex',
    summary: 'Sets a key for some milliseconds.',
    usage: 'key milliseconds value',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, ms, value]) => set(context, [key as Buffer, value as Buffer, Buffer.from('PX'), ms as Buffer]),
  },
  {
    name: 'getset',
    summary: 'Sets a key, and returns what it held.',
    usage: 'key value',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, value]) => set(context, [key as Buffer, value as Buffer, Buffer.from('GET')]),
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
    name: 'mset',
    summary: 'Sets several keys at once.',
    usage: 'key value [key value …]',
    arity: -2,
    flags: ['write'],
    keys: { first: 0, last: -1, step: 2 },
    run: ({ keyspace }, pairs) => {
      if (pairs.length % 2 !== 0) throw new CommandError('ERR', "wrong number of arguments for 'mset' command")
      for (let i = 0; i < pairs.length; i += 2) write(keyspace, pairs[i] as Buffer, pairs[i + 1] as Buffer, null)
      return ok
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
      const old = read(keyspace, key as Buffer) ?? Buffer.alloc(0)
      const whole = Buffer.concat([old, value as Buffer])
      checkLength(context, whole)
      write(keyspace, key as Buffer, whole, 'keep')
      return whole.length
    },
  },
  ...[
    { name: 'incr', sign: 1, hasAmount: false },
    { name: 'decr', sign: -1, hasAmount: false },
    { name: 'incrby', sign: 1, hasAmount: true },
    { name: 'decrby', sign: -1, hasAmount: true },
  ].map(
    ({ name, sign, hasAmount }): Command => ({
      name,
      summary: `Counts ${sign > 0 ? 'up' : 'down'}${hasAmount ? '' : ' by one'}; returns the new value.`,
      usage: hasAmount ? 'key amount' : 'key',
      arity: hasAmount ? 2 : 1,
      flags: ['write'],
      keys: oneKey,
      run: ({ keyspace }, [key, amount]) =>
        increment(keyspace, key as Buffer, sign * (hasAmount ? integerOf(amount) : 1)).value,
    }),
  ),
  {
    name: 'incrbyfloat',
    summary: 'Adds a number with a fraction; returns the new value as text.',
    usage: 'key amount',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, amount]) => {
      const sum = floatOf(read(keyspace, key as Buffer) ?? Buffer.from('0')) + floatOf(amount)
      if (!Number.isFinite(sum)) throw notAFloat()
      const text = Buffer.from(formatFloat(sum))
      write(keyspace, key as Buffer, text, 'keep')
      return text
    },
  },
  {
    name: 'saola.counter.increment',
    summary: 'Adds a whole number to a counter; a time to live is set only when this makes the counter. 0: none.',
    usage: 'key amount ttl-ms',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, amount, ttl]) => {
      const ttlMs = integerOf(ttl)
      const { value, isNew } = increment(keyspace, key as Buffer, integerOf(amount))
      const entry = isNew && ttlMs > 0 && keyspace.find(key as Buffer)
      if (entry) keyspace.expireAt(entry, now + ttlMs)
      return value
    },
  },
]

function set(context: CommandContext, [key, value, ...options]: readonly Buffer[]): Reply {
  const { keyspace } = context
  const { condition, isGet, expires } = setOptions(context, options)
  const old = keyspace.find(key as Buffer)
  const before = isGet ? (read(keyspace, key as Buffer) ?? null) : undefined
  if ((condition === 'NX' && old) || (condition === 'XX' && !old)) return before ?? null
  write(keyspace, key as Buffer, value as Buffer, expires)
  return before === undefined ? ok : before
}

function setOptions({ now }: CommandContext, options: readonly Buffer[]) {
  let condition: 'NX' | 'XX' | undefined
  let expires: number | 'keep' | null = null
  let isGet = false
  for (let i = 0; i < options.length; i++) {
    const word = wordOf(options[i])
    if ((word === 'NX' || word === 'XX') && !condition) condition = word
    else if (word === 'GET') isGet = true
    else if (word === 'KEEPTTL' && expires === null) expires = 'keep'
    else if (/^(?:EX|PX)(?:AT)?$/.test(word) && expires === null && i + 1 < options.length) {
      expires = expiryOf(word, options[++i], now)
    } else throw syntaxError()
  }
  return { condition, isGet, expires }
}

/** Adds to a number under a key, which is made if there is none and keeps its time to live otherwise. */
function increment(keyspace: Keyspace, key: Buffer, by: number): { value: number; isNew: boolean } {
  const old = read(keyspace, key)
  const value = (old === undefined ? 0 : integerOf(old)) + by
  if (!Number.isSafeInteger(value)) throw notAnInteger()
  write(keyspace, key, Buffer.from(String(value), 'latin1'), 'keep')
  return { value, isNew: old === undefined }
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

function read(keyspace: Keyspace, key: Buffer): Buffer | undefined {
  return stringOf(keyspace, keyspace.findOf(key, keyTypes.string))
}

/** The value of a string; undefined for whatever else a key holds. */
function stringOf(keyspace: Keyspace, entry: Entry | undefined): Buffer | undefined {
  if (entry?.type !== keyTypes.string) return undefined
  if (entry.text) return entry.text
  const row = keyspace.sql('SELECT value FROM keys WHERE name = ?').get(entry.name) as unknown as [Uint8Array | null]
  const value = bufferOf(row[0] ?? new Uint8Array())
  remember(entry, value)
  return value
}

/** An entry of a reader is forgotten with the read; one of the owner is as long as nobody else writes, which nobody does. */
function remember(entry: Entry, value: Buffer): void {
  // A copy: what came in lies in a chunk of the connection.
  entry.text = value.length <= rememberedBytesMax ? Buffer.from(value) : undefined
}

/** Sets a string in the place of anything. */
function write(keyspace: Keyspace, key: Buffer, value: Buffer, expires: number | 'keep' | null): void {
  const old = keyspace.find(key)
  const entry = old?.type === keyTypes.string ? old : keyspace.create(key, keyTypes.string)
  keyspace.touch(entry.name)
  if (expires === 'keep' && value.length <= rememberedBytesMax) {
    keyspace.setText(entry, Buffer.from(value))
    return
  }
  if (expires === 'keep') keyspace.sql('UPDATE keys SET value = ? WHERE name = ?').run(value, entry.name)
  else {
    entry.expires = expires
    keyspace.sql('UPDATE keys SET value = ?, expires = ? WHERE name = ?').run(value, expires, entry.name)
  }
  keyspace.noteWritten(entry)
  remember(entry, value)
}

function checkLength({ owner }: CommandContext, value: Buffer): void {
  if (owner && value.length > owner.limits.valueBytesMax) {
    throw new CommandError('STORE_VALUE_TOO_LARGE', `a value of ${value.length} bytes is above store.maxValueBytes`)
  }
}

/** The bytes of a row as a Buffer, without a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
