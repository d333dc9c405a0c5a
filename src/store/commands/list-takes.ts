/**
 * Taking from a list, with waiting for an element. A request has a name, under which it takes once however often it is sent:
 * what it took is kept until the process says that it has got it, or for ten minutes.
 */
import { type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError } from './command-error.ts'
import { grow, popItem, pushItems, type Side } from './list-items.ts'
import { sideOf } from './list-moves.ts'
import { bufferOf } from './string-values.ts'

const { list } = keyTypes
const keptMs = 10 * 60_000
const sweptAtOnce = 10

export const listTakes: readonly Command[] = [
  {
    name: 'saola.list.take',
    summary:
      'Removes the element at an end and returns it; waits for one, so long (0: for ever), then returns null. Taken once for all requests of a name.',
    usage: 'key LEFT | RIGHT timeout-ms request',
    arity: 4,
    flags: ['write', 'frees', 'waits'],
    keys: oneKey,
    run: (context, [key, side, timeout, request]) => {
      const timeoutMs = integerOf(timeout)
      if (timeoutMs < 0) throw new CommandError('ERR', 'timeout is negative')
      return take(context, key as Buffer, { side: sideOf(side), timeoutMs, request: request as Buffer })
    },
  },
  {
    name: 'saola.list.taken',
    summary: 'What was taken under this name has arrived, and need not be kept.',
    usage: 'key request',
    arity: 2,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [, request]) => {
      keyspace.sql('DELETE FROM taken WHERE request = ?').run(request as Buffer)
      return ok
    },
  },
  {
    name: 'saola.list.return',
    summary:
      'Puts back what was taken under this name, as nobody wants it any more: 1; or 0, and then nothing will be taken.',
    usage: 'key LEFT | RIGHT request',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, side, request]) => giveBack(keyspace, key as Buffer, sideOf(side), request as Buffer),
  },
]

interface Take {
  readonly side: Side
  readonly timeoutMs: number
  readonly request: Buffer
}

function take({ keyspace, owner }: CommandContext, key: Buffer, { side, timeoutMs, request }: Take): Reply {
  const entry = keyspace.findOf(key, list)
  const known = takenBefore(keyspace, request)
  if (known) {
    // Given up: whoever waits behind it may have what it was woken for.
    if (known.value === null) keyspace.touch(key)
    return known.value
  }
  if (!owner) throw new CommandError('ERR', 'only the owner can wait')
  if (!entry || owner.isBehindOthers(key, list)) return owner.waitFor([key], timeoutMs, null)
  const value = popItem(keyspace, entry, side)
  grow(keyspace, entry, -1)
  remember(keyspace, request, value)
  return value
}

function giveBack(keyspace: Keyspace, key: Buffer, side: Side, request: Buffer): number {
  const known = takenBefore(keyspace, request)
  if (known?.value) {
    const entry = keyspace.obtain(key, list)
    pushItems(keyspace, entry, side, [known.value])
    grow(keyspace, entry, 1)
  }
  remember(keyspace, request, null)
  return known?.value ? 1 : 0
}

/** Its value is null when the request was given up. */
function takenBefore(keyspace: Keyspace, request: Buffer): { value: Buffer | null } | undefined {
  const row = keyspace.sql('SELECT reply FROM taken WHERE request = ?').get(request) as unknown as
    | [Uint8Array | null]
    | undefined
  return row && { value: row[0] && bufferOf(row[0]) }
}

function remember(keyspace: Keyspace, request: Buffer, value: Buffer | null): void {
  keyspace.sql('INSERT OR REPLACE INTO taken (request, reply, seen) VALUES (?, ?, ?)').run(request, value, keyspace.now)
  // Those whose process has ended: more than one each time, so that they get fewer.
  keyspace
    .sql('DELETE FROM taken WHERE request IN (SELECT request FROM taken WHERE seen < ? LIMIT ?)')
    .run(keyspace.now - keptMs, sweptAtOnce)
}
