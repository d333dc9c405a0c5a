/** The sixteen databases: what goes from one to another, and what is about all of one. */
import { databasesMax, shownName, storedName } from '../database/key-names.ts'
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply } from '../resp/reply.ts'
import { int32Of, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { stringOf, write } from './string-values.ts'
import { clearTasks } from './tasks/clear-tasks.ts'

// Ten microseconds each, in which nothing else is answered.
const swappedMax = 50_000

/** Of one key. */
export const transfers: readonly Command[] = [
  {
    name: 'copy',
    summary: 'Copies a key with its time to live: 1, or 0 when it is absent or the other name is taken.',
    usage: 'source destination [DB database] [REPLACE]',
    arity: -2,
    flags: ['write'],
    keys: { first: 0, last: 1, step: 1 },
    run: copy,
  },
  {
    name: 'move',
    summary: 'Moves a key to another database: 1, or 0 when it is absent or its name is taken there.',
    usage: 'key database',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, database }, [key, number]) => {
      const target = databaseOf(number)
      if (target === database) throw sameKey()
      const entry = keyspace.find(key as Buffer)
      const name = storedName(target, shownName(key as Buffer))
      if (!entry || keyspace.find(name)) return 0
      keyspace.rename(entry, name)
      return 1
    },
  },
]

/** Of whole databases. */
export const databases: readonly Command[] = [
  {
    name: 'swapdb',
    summary: 'Exchanges all keys of two databases. Each key is written anew, so there may be 50,000 of them at most.',
    usage: 'database1 database2',
    arity: 2,
    flags: ['write'],
    keys: undefined,
    run: ({ keyspace }, [one, other]) => {
      const [first, second] = [numberOf(one, 'invalid first DB index'), numberOf(other, 'invalid second DB index')]
      for (const number of [first, second]) checkDatabase(number)
      if (first === second) return ok
      const count = keyspace.countLiving(first) + keyspace.countLiving(second)
      if (count > swappedMax) {
        throw new CommandError(
          'STORE_UNSUPPORTED',
          `swapdb of ${count} keys would hold up all others, ${swappedMax} are allowed`,
        )
      }
      keyspace.swap(first, second)
      return ok
    },
  },
  {
    name: 'dbsize',
    summary: 'How many keys there are.',
    usage: '',
    arity: 0,
    flags: ['readonly'],
    keys: undefined,
    run: ({ keyspace, database }) => keyspace.countLiving(database),
  },
  ...['flushall', 'flushdb'].map(
    (name): Command => ({
      name,
      summary:
        name === 'flushall'
          ? 'Deletes every key, and all tasks.'
          : 'Deletes every key of the database; of database 0 also all tasks.',
      usage: '[ASYNC | SYNC]',
      arity: [0, Number.POSITIVE_INFINITY],
      flags: ['write', 'frees'],
      keys: undefined,
      run: ({ keyspace, database }, [mode, ...more]) => {
        const isKnown = mode === undefined || ['ASYNC', 'SYNC'].includes(wordOf(mode))
        if (!isKnown || more.length > 0) throw syntaxError()
        keyspace.clear(name === 'flushall' ? undefined : database)
        // They belong to the first database, as their key does on Redis.
        if (name === 'flushall' || database === 0) clearTasks(keyspace)
        return ok
      },
    }),
  ),
]

function copy({ keyspace, database }: CommandContext, [source, destination, ...words]: readonly Buffer[]): Reply {
  let target = database
  let isReplacing = false
  for (let i = 0; i < words.length; i++) {
    const word = wordOf(words[i])
    if (word === 'REPLACE') isReplacing = true
    else if (word === 'DB' && i + 1 < words.length) target = databaseOf(words[++i])
    else throw syntaxError()
  }
  const name = storedName(target, shownName(destination as Buffer))
  if (name.equals(source as Buffer)) throw sameKey()
  const entry = keyspace.find(source as Buffer)
  if (!entry || (!isReplacing && keyspace.find(name))) return 0
  if (entry.type === keyTypes.string) write(keyspace, name, stringOf(keyspace, entry) as Buffer, entry.expires)
  else copyCollection(keyspace, entry, name)
  return 1
}

/** The tables of a type, and their columns beside the id. The uses are those of a cache. */
const tables: Record<number, readonly (readonly [table: string, columns: string])[]> = {
  [keyTypes.hash]: [
    ['fields', 'field, value, expires'],
    ['uses', 'field, used, bytes'],
  ],
  [keyTypes.set]: [['fields', 'field, value, expires']],
  [keyTypes.list]: [['items', 'position, value']],
  [keyTypes.zset]: [
    ['members', 'member, score'],
    ['blocks', 'score, member, size'],
  ],
}

function copyCollection(keyspace: Keyspace, entry: Entry, name: Buffer): void {
  const made = keyspace.create(name, entry.type)
  for (const [table, columns] of tables[entry.type] ?? []) {
    keyspace
      .sql(`INSERT INTO ${table} (id, ${columns}) SELECT ?, ${columns} FROM ${table} WHERE id = ?`)
      .run(made.id, entry.id)
  }
  keyspace.resize(made, entry.size)
  keyspace.touch(made.name)
  if (entry.expires !== null) keyspace.expireAt(made, entry.expires)
}

function databaseOf(argument: Buffer | undefined): number {
  const number = int32Of(argument)
  checkDatabase(number)
  return number
}

function numberOf(argument: Buffer | undefined, message: string): number {
  try {
    return int32Of(argument)
  } catch {
    throw new CommandError('ERR', message)
  }
}

function checkDatabase(number: number): void {
  if (number < 0 || number >= databasesMax) throw new CommandError('ERR', 'DB index is out of range')
}

function sameKey(): CommandError {
  return new CommandError('ERR', 'source and destination objects are the same')
}
