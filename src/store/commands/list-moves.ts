/** What takes from lists and may go to another one, at once or as soon as there is something. */
import { shownName } from '../database/key-names.ts'
import { keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { wordOf } from './arguments.ts'
import type { Command, CommandContext, KeyPositions } from './command.ts'
import { syntaxError } from './command-error.ts'
import { grow, popItem, popItems, pushItems, type Side } from './list-items.ts'
import { type CountedTake, countedTakeOf, takeOrWait, timeoutOf } from './waiting.ts'

const { list } = keyTypes
const sides = ['LEFT', 'RIGHT'] as const
const twoKeys: KeyPositions = { first: 0, last: 1, step: 1 }
const timeoutInSeconds = 'waits for one, so many seconds (0: for ever)'

export const listMoves: readonly Command[] = [
  {
    name: 'lmove',
    summary: 'Moves the element at an end of a list to an end of another one, or of the same; returns it.',
    usage: 'source destination LEFT | RIGHT LEFT | RIGHT',
    arity: 4,
    flags: ['write'],
    keys: twoKeys,
    run: (context, [source, destination, from, to]) =>
      move(context, source as Buffer, destination as Buffer, { from: sideOf(from), to: sideOf(to) }),
  },
  {
    name: 'rpoplpush',
    summary: 'Moves the last element of a list to the beginning of another one; returns it.',
    usage: 'source destination',
    arity: 2,
    flags: ['write'],
    keys: twoKeys,
    run: (context, [source, destination]) =>
      move(context, source as Buffer, destination as Buffer, { from: 'RIGHT', to: 'LEFT' }),
  },
  {
    name: 'lmpop',
    summary: 'Removes elements from an end of the first of the lists that is there; returns its name and them.',
    usage: 'numkeys key [key …] LEFT | RIGHT [COUNT count]',
    arity: -3,
    flags: ['write', 'frees'],
    keys: { countAt: 0 },
    run: (context, args) => takeMany(context, countedTakeOf(args, sides)),
  },
  ...(['LEFT', 'RIGHT'] as const).map(
    (from): Command => ({
      name: from === 'LEFT' ? 'blpop' : 'brpop',
      summary: `Removes the ${from === 'LEFT' ? 'first' : 'last'} element of the first of the lists that is there; ${timeoutInSeconds}. Returns the list's name and the element.`,
      usage: 'key [key …] timeout',
      arity: -2,
      flags: ['write', 'frees', 'waits'],
      keys: { first: 0, last: -2, step: 1 },
      run: (context, args) => takeOne(context, args.slice(0, -1), from, timeoutOf(args.at(-1))),
    }),
  ),
  {
    name: 'blmove',
    summary: `As lmove; ${timeoutInSeconds}.`,
    usage: 'source destination LEFT | RIGHT LEFT | RIGHT timeout',
    arity: 5,
    flags: ['write', 'waits'],
    keys: twoKeys,
    run: (context, [source, destination, fromWord, toWord, timeout]) => {
      const [from, to] = [sideOf(fromWord), sideOf(toWord)]
      return move(context, source as Buffer, destination as Buffer, { from, to, timeoutMs: timeoutOf(timeout) })
    },
  },
  {
    name: 'brpoplpush',
    summary: `As rpoplpush; ${timeoutInSeconds}.`,
    usage: 'source destination timeout',
    arity: 3,
    flags: ['write', 'waits'],
    keys: twoKeys,
    run: (context, [source, destination, timeout]) =>
      move(context, source as Buffer, destination as Buffer, {
        from: 'RIGHT',
        to: 'LEFT',
        timeoutMs: timeoutOf(timeout),
      }),
  },
  {
    name: 'blmpop',
    summary: `As lmpop; ${timeoutInSeconds}.`,
    usage: 'timeout numkeys key [key …] LEFT | RIGHT [COUNT count]',
    arity: -4,
    flags: ['write', 'frees', 'waits'],
    keys: { countAt: 1 },
    run: (context, [timeout, ...args]) => {
      const wanted = countedTakeOf(args, sides)
      return takeMany(context, wanted, timeoutOf(timeout))
    },
  },
]

/** LEFT or RIGHT. */
export function sideOf(argument: Buffer | undefined): Side {
  const word = wordOf(argument)
  if (word !== 'LEFT' && word !== 'RIGHT') throw syntaxError()
  return word
}

function takeOne(context: CommandContext, keys: readonly Buffer[], from: Side, timeoutMs: number): Reply {
  const { keyspace } = context
  return takeOrWait(context, {
    keys,
    type: list,
    timeoutMs,
    take: entry => {
      const value = popItem(keyspace, entry, from)
      grow(keyspace, entry, -1)
      return [shownName(entry.name), value]
    },
  })
}

function takeMany(context: CommandContext, { keys, from, count }: CountedTake<Side>, timeoutMs?: number): Reply {
  const { keyspace } = context
  return takeOrWait(context, {
    keys,
    type: list,
    ...(timeoutMs !== undefined && { timeoutMs }),
    take: entry => [shownName(entry.name), popItems(keyspace, entry, from, count)],
  })
}

interface Move {
  readonly from: Side
  readonly to: Side
  /** Undefined: it does not wait. */
  readonly timeoutMs?: number
}

function move(context: CommandContext, source: Buffer, destination: Buffer, { from, to, timeoutMs }: Move): Reply {
  const { keyspace } = context
  return takeOrWait(context, {
    keys: [source],
    type: list,
    ...(timeoutMs !== undefined && { timeoutMs }),
    withoutWaiting: null,
    take: taken => {
      const given = keyspace.obtain(destination, list)
      const value = popItem(keyspace, taken, from)
      pushItems(keyspace, given, to, [value])
      grow(keyspace, given, 1)
      grow(keyspace, taken, -1)
      return value
    },
  })
}
