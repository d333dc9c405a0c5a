/** Keys, whatever they hold. Their times are in key-times.ts, scans in key-scans.ts, databases in databases.ts. */
import { keyTypes } from '../database/keyspace.ts'
import { ok, Status } from '../resp/reply.ts'
import { allKeys, type Command, oneKey } from './command.ts'
import { CommandError } from './command-error.ts'

const twoKeys = { first: 0, last: 1, step: 1 }
/** As TYPE and SCAN call them. */
export const typeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(keyTypes).map(([name, type]) => [type, name]),
)

export const keys: readonly Command[] = [
  ...['del', 'unlink'].map(
    (name): Command => ({
      name,
      summary: 'Deletes keys; returns how many there were.',
      usage: 'key [key …]',
      arity: -1,
      flags: ['write', 'frees'],
      keys: allKeys,
      run: ({ keyspace }, names) => {
        let deleted = 0
        for (const key of names) {
          const entry = keyspace.find(key)
          if (!entry) continue
          keyspace.remove(entry)
          deleted++
        }
        return deleted
      },
    }),
  ),
  ...['exists', 'touch'].map(
    (name): Command => ({
      name,
      summary: `How many of the keys there are${name === 'touch' ? '; when they were used is not kept here' : ''}.`,
      usage: 'key [key …]',
      arity: -1,
      flags: ['readonly'],
      keys: allKeys,
      run: ({ keyspace }, names) => names.filter(name => keyspace.find(name)).length,
    }),
  ),
  {
    name: 'type',
    summary: 'What a key holds: string, hash, list, set, zset or none.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.find(key as Buffer)
      return new Status((entry && typeNames.get(entry.type)) ?? 'none')
    },
  },
  {
    name: 'rename',
    summary: 'Gives a key another name, in the place of what had it.',
    usage: 'key new-key',
    arity: 2,
    flags: ['write'],
    keys: twoKeys,
    run: ({ keyspace }, [from, to]) => {
      const entry = keyspace.find(from as Buffer)
      if (!entry) throw noSuchKey()
      keyspace.rename(entry, to as Buffer)
      return ok
    },
  },
  {
    name: 'renamenx',
    summary: 'Gives a key another name if nothing has it: 1 or 0.',
    usage: 'key new-key',
    arity: 2,
    flags: ['write'],
    keys: twoKeys,
    run: ({ keyspace }, [from, to]) => {
      const entry = keyspace.find(from as Buffer)
      if (!entry) throw noSuchKey()
      if (keyspace.find(to as Buffer)) return 0
      keyspace.rename(entry, to as Buffer)
      return 1
    },
  },
]

function noSuchKey(): CommandError {
  return new CommandError('ERR', 'no such key')
}
