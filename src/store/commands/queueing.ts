/**
 * MULTI to EXEC, for clients that speak to the store themselves. What is between the two is kept by the connection
 * (resp/transaction-queue.ts), and carried out here in one go.
 */
import type { WatchedKeys } from '../owner/client.ts'
import { nullList, ok } from '../resp/reply.ts'
import { allKeys, type Command, type OwnerContext, ownerOf } from './command.ts'
import { CommandError } from './command-error.ts'

export const queueing: readonly Command[] = [
  {
    name: 'multi',
    summary: 'Keeps the commands that follow, until EXEC carries them out or DISCARD forgets them.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: () => {
      throw new CommandError('ERR', 'MULTI needs a connection of its own: use store.transaction')
    },
  },
  {
    name: 'exec',
    summary:
      'Carries out what was kept since MULTI, with nothing of others between, and answers with the list of replies. One that fails leaves the others as they are. Null when a key of WATCH has changed: then nothing is carried out.',
    usage: '',
    arity: 0,
    flags: ['write'],
    keys: undefined,
    run: context => {
      const owner = ownerOf(context)
      const { transaction } = owner
      if (!transaction) throw new CommandError('ERR', 'EXEC without MULTI')
      const watched = letGo(owner)
      if (watched && owner.conflicts.isBroken(watched)) return nullList
      return transaction.calls.map(call => owner.attempt(call))
    },
  },
  {
    name: 'discard',
    summary: 'Forgets what was kept since MULTI.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: context => {
      letGo(ownerOf(context))
      return ok
    },
  },
  {
    name: 'watch',
    summary: 'Makes the next EXEC depend on keys: it does nothing when one of them has changed, or has expired.',
    usage: 'key [key …]',
    arity: -1,
    flags: ['owner'],
    keys: allKeys,
    run: (context, names) => {
      const { watched, conflicts } = ownerOf(context)
      if (!watched) throw new CommandError('ERR', 'WATCH needs a connection of its own: use store.transaction')
      conflicts.watch(watched, names)
      return ok
    },
  },
  {
    name: 'unwatch',
    summary: 'Makes EXEC depend on no key.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: context => {
      letGo(ownerOf(context))
      return ok
    },
  },
]

function letGo({ watched, conflicts }: OwnerContext): WatchedKeys | undefined {
  if (watched) conflicts.release(watched)
  return watched
}
