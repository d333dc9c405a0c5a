/**
 * Union, intersection and difference of sets. Answers are put together in memory; what is stored is not, and takes
 * about 0.5 s for a million members of all together, in which nobody else is served.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { Members, type Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { allKeys, type Command, type CommandContext } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { type Combination, combinations, combine } from './set-combinations.ts'
import { hasMember, membersAfter } from './set-members.ts'
import { afterOf } from './sets.ts'
import { countOf } from './waiting.ts'

const pageMax = 10_000
const { set } = keyTypes
const readonly = { flags: ['readonly'] } as const

export const setAlgebra: readonly Command[] = [
  ...Object.entries(combinations).map(
    ([name, { summary }]): Command => ({
      ...readonly,
      name: `s${name}`,
      summary: `${summary}, all at once.`,
      usage: 'key [key …]',
      arity: -1,
      keys: allKeys,
      run: (context, keys) =>
        new Members(combineSets(context, name as Combination, keys, undefined, Number.POSITIVE_INFINITY).members),
    }),
  ),
  ...Object.entries(combinations).map(
    ([name, { summary }]): Command => ({
      name: `s${name}store`,
      summary: `Puts in the place of a key: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}. Returns how many they are.`,
      usage: 'destination key [key …]',
      arity: -2,
      flags: ['write'],
      keys: allKeys,
      run: ({ keyspace }, [destination, ...keys]) => {
        const entries = keys.map(key => keyspace.findOf(key, set))
        return store(keyspace, destination as Buffer, name as Combination, entries)
      },
    }),
  ),
  {
    ...readonly,
    name: 'sintercard',
    summary: 'How many members are in all of the sets; with LIMIT it counts so far and no further.',
    usage: 'numkeys key [key …] [LIMIT limit]',
    arity: -2,
    keys: { countAt: 0 },
    run: (context, args) => {
      const { keys, limit } = countedKeysOf(args)
      const { keyspace } = context
      let after: Buffer | undefined
      let found = 0
      const entries = keys.map(key => keyspace.findOf(key, set))
      do {
        const page = combine('inter', entries, after, pageMax, readerOf(keyspace))
        found += page.members.length
        after = page.last
      } while (after && found < limit)
      return Math.min(found, limit)
    },
  },
  {
    ...readonly,
    name: 'saola.set.combine',
    summary:
      'The next members of the UNION, INTER or DIFF of sets, after one (as saola.set.page). Looks at so many members, and answers with after which it was, or null at the end, and those that are in.',
    usage: 'combination after count key [key …]',
    arity: -4,
    keys: { first: 3, last: -1, step: 1 },
    run: (context, [word, after, count, ...keys]) => {
      const name = word?.toString('latin1').toLowerCase() ?? ''
      if (!Object.hasOwn(combinations, name)) throw syntaxError()
      const limit = Math.min(Math.max(1, integerOf(count)), pageMax)
      const { last, members } = combineSets(context, name as Combination, keys, afterOf(after), limit)
      return [last ?? null, ...members]
    },
  },
]

/** Reads `numkeys key [key …] [LIMIT limit]`; without a limit it is Infinity. */
function countedKeysOf(args: readonly Buffer[]): { keys: readonly Buffer[]; limit: number } {
  const count = countOf(args[0], 1, 'numkeys should be greater than 0')
  if (count > args.length - 1) throw new CommandError('ERR', "Number of keys can't be greater than number of args")
  let limit = 0
  for (let i = 1 + count; i < args.length; i += 2) {
    if (wordOf(args[i]) !== 'LIMIT' || i + 1 >= args.length) throw syntaxError()
    limit = countOf(args[i + 1], 0, "LIMIT can't be negative")
  }
  return { keys: args.slice(1, 1 + count), limit: limit || Number.POSITIVE_INFINITY }
}

function combineSets(
  { keyspace }: CommandContext,
  name: Combination,
  keys: readonly Buffer[],
  after: Buffer | undefined,
  count: number,
): { last: Buffer | undefined; members: Reply[] } {
  const entries = keys.map(key => keyspace.findOf(key, set))
  return combine(name, entries, after, count, readerOf(keyspace))
}

function readerOf(keyspace: Keyspace) {
  return {
    after: (entry: Entry, member: Buffer | undefined, limit: number) => membersAfter(keyspace, entry, member, limit),
    has: (entry: Entry, member: Buffer) => hasMember(keyspace, entry, member),
  }
}

const copy = "INSERT OR IGNORE INTO fields (id, field, value) SELECT ?1, field, x'' FROM fields WHERE id = ?2"
const copyIfIn = (word: string) =>
  `INSERT INTO fields (id, field, value) SELECT ?1, f.field, x'' FROM fields f
   WHERE f.id = ?2 AND ${word} (SELECT 1 FROM fields g WHERE g.id = ?3 AND g.field = f.field)`
const removeIf = (word: string) =>
  `DELETE FROM fields WHERE id = ?1 AND ${word} (SELECT 1 FROM fields g WHERE g.id = ?2 AND g.field = fields.field)`

/** The destination may be one of the sets: its rows stay until its garbage is cleared away. */
function store(
  keyspace: Keyspace,
  destination: Buffer,
  name: Combination,
  entries: readonly (Entry | undefined)[],
): number {
  const old = keyspace.find(destination)
  if (isSurelyEmpty(name, entries)) {
    if (old) keyspace.remove(old)
    return 0
  }
  const target = keyspace.create(destination, set)
  const size = name === 'union' ? unite(keyspace, target, entries) : narrow(keyspace, target, name, entries)
  if (size === 0) keyspace.remove(target)
  else {
    keyspace.resize(target, size)
    keyspace.touch(target.name)
  }
  return size
}

function isSurelyEmpty(name: Combination, entries: readonly (Entry | undefined)[]): boolean {
  if (name === 'union') return entries.every(entry => !entry)
  return name === 'inter' ? entries.some(entry => !entry) : !entries[0]
}

function unite(keyspace: Keyspace, target: Entry, entries: readonly (Entry | undefined)[]): number {
  let size = 0
  for (const entry of entries) if (entry) size += Number(keyspace.sql(copy).run(target.id, entry.id).changes)
  return size
}

/** The first set, or the smallest, without what the others say is not in. */
function narrow(
  keyspace: Keyspace,
  target: Entry,
  name: 'inter' | 'diff',
  entries: readonly (Entry | undefined)[],
): number {
  const known = entries.filter(entry => entry !== undefined)
  const [first, second, ...others] = name === 'inter' ? known.toSorted((one, other) => one.size - other.size) : known
  if (!first) return 0
  const run = (sql: string, ...values: number[]) => Number(keyspace.sql(sql).run(...values).changes)
  const isIn = name === 'inter'
  let size = second
    ? run(copyIfIn(isIn ? 'EXISTS' : 'NOT EXISTS'), target.id, first.id, second.id)
    : run(copy, target.id, first.id)
  for (const other of others) size -= run(removeIf(isIn ? 'NOT EXISTS' : 'EXISTS'), target.id, other.id)
  return size
}
