/** Whole numbers of any width within a string: BITFIELD. */
import { keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { wholeOf, wordOf } from './arguments.ts'
import { bitOffsetOf, grownCopy, wrongOffset } from './bits.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { lengthOf, sliceOf, write } from './string-values.ts'

type Overflow = 'WRAP' | 'SAT' | 'FAIL'

interface Step {
  readonly action: 'GET' | 'SET' | 'INCRBY'
  readonly isSigned: boolean
  readonly width: number
  readonly offset: number
  readonly amount: bigint
  readonly overflow: Overflow
}

export const bitFields: readonly Command[] = [
  {
    name: 'bitfield',
    summary: 'Reads, sets and adds to numbers of i1 to i64 or u1 to u63 bits within a value; an answer each.',
    usage: 'key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value | INCRBY type offset amount …]',
    arity: -1,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, ...words]) => run(context, key as Buffer, stepsOf(words)),
  },
  {
    name: 'bitfield_ro',
    summary: 'Reads numbers of any width within a value.',
    usage: 'key [GET type offset …]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: (context, [key, ...words]) => {
      const steps = stepsOf(words)
      if (steps.some(({ action }) => action !== 'GET')) {
        throw new CommandError('ERR', 'BITFIELD_RO only supports the GET subcommand')
      }
      return run(context, key as Buffer, steps)
    },
  },
]

function stepsOf(words: readonly Buffer[]): Step[] {
  const steps: Step[] = []
  let overflow: Overflow = 'WRAP'
  for (let i = 0; i < words.length; ) {
    const action = wordOf(words[i])
    const rest = words.length - i - 1
    if (action === 'OVERFLOW' && rest >= 1) {
      overflow = overflowOf(words[i + 1])
      i += 2
      continue
    }
    const isGet = action === 'GET' && rest >= 2
    if (!isGet && !((action === 'SET' || action === 'INCRBY') && rest >= 3)) throw syntaxError()
    const { isSigned, width } = typeOf(words[i + 1])
    const offset = offsetOf(words[i + 2], width)
    const amount = isGet ? 0n : BigInt(wholeOf(words[i + 3]))
    steps.push({ action: action as Step['action'], isSigned, width, offset, amount, overflow })
    i += isGet ? 3 : 4
  }
  return steps
}

function overflowOf(argument: Buffer | undefined): Overflow {
  const word = wordOf(argument)
  if (word === 'WRAP' || word === 'SAT' || word === 'FAIL') return word
  throw new CommandError('ERR', 'Invalid OVERFLOW type specified')
}

function typeOf(argument: Buffer | undefined): { isSigned: boolean; width: number } {
  const [, letter, digits] = /^([iu])([1-9]\d?)$/.exec(argument?.toString('latin1') ?? '') ?? []
  const width = Number(digits)
  if (!letter || width > (letter === 'i' ? 64 : 63)) {
    throw new CommandError(
      'ERR',
      'Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
    )
  }
  return { isSigned: letter === 'i', width }
}

/** `#3` is the fourth number of this width. */
function offsetOf(argument: Buffer | undefined, width: number): number {
  if (argument?.[0] !== 0x23) return bitOffsetOf(argument)
  const offset = bitOffsetOf(argument.subarray(1)) * width
  if (offset >= 2 ** 32) throw wrongOffset()
  return offset
}

function run(context: CommandContext, key: Buffer, steps: readonly Step[]): Reply {
  const { keyspace } = context
  const writes = steps.filter(({ action }) => action !== 'GET')
  const entry = keyspace.findOf(key, keyTypes.string)
  const end = Math.max(0, ...writes.map(({ offset, width }) => Math.floor((offset + width - 1) / 8) + 1))
  const whole = writes.length > 0 ? grownCopy(context, key, end) : undefined
  const oldLength = entry ? lengthOf(keyspace, entry) : 0
  let isChanged = whole !== undefined && whole.length > oldLength
  const replies = steps.map(step => {
    const { offset, width } = step
    const first = Math.floor(offset / 8)
    const length = Math.floor((offset + width - 1) / 8) - first + 1
    const bytes = whole?.subarray(first, first + length) ?? (entry ? sliceOf(keyspace, entry, first, length) : noBytes)
    const old = readNumber(bytes, offset % 8, step)
    if (step.action === 'GET' || !whole) return shortest(old)
    const next = nextOf(step, old)
    if (next === undefined) return null
    isChanged = true
    writeNumber(whole, first, next, step)
    return shortest(step.action === 'SET' ? old : next)
  })
  if (whole && isChanged) write(keyspace, key, whole, 'keep')
  return replies
}

const noBytes = Buffer.alloc(0)

function shortest(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Bytes behind the end of a value are zeros. */
function readNumber(bytes: Buffer, shift: number, { width, isSigned }: Step): bigint {
  const length = Math.ceil((shift + width) / 8)
  let all = 0n
  for (let i = 0; i < length; i++) all = (all << 8n) | BigInt(bytes[i] ?? 0)
  const value = all >> BigInt(length * 8 - shift - width)
  return isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value)
}

function writeNumber(whole: Buffer, first: number, value: bigint, { width, offset }: Step): void {
  const shift = offset % 8
  const length = Math.ceil((shift + width) / 8)
  let all = 0n
  for (let i = 0; i < length; i++) all = (all << 8n) | BigInt(whole[first + i] as number)
  const low = BigInt(length * 8 - shift - width)
  const mask = ((1n << BigInt(width)) - 1n) << low
  all = (all & ~mask) | ((BigInt.asUintN(width, value) << low) & mask)
  for (let i = length - 1; i >= 0; i--) {
    whole[first + i] = Number(all & 0xffn)
    all >>= 8n
  }
}

/** What a field is set to; undefined: nothing, as it would not fit. */
function nextOf({ action, amount, isSigned, width, overflow }: Step, old: bigint): bigint | undefined {
  // Redis takes what is set to an unsigned field as 64 bits without a sign.
  const given = action === 'SET' && !isSigned ? BigInt.asUintN(64, amount) : amount
  const wanted = action === 'SET' ? given : old + amount
  const min = isSigned ? -(1n << BigInt(width - 1)) : 0n
  const max = (1n << BigInt(isSigned ? width - 1 : width)) - 1n
  if (wanted >= min && wanted <= max) return wanted
  if (overflow === 'FAIL') return undefined
  if (overflow === 'SAT') return wanted < min ? min : max
  return isSigned ? BigInt.asIntN(width, wanted) : BigInt.asUintN(width, wanted)
}
