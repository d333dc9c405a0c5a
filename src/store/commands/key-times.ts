/** When keys end. */
import type { Entry } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError } from './command-error.ts'
import { momentOf } from './expiry.ts'
import { endAt } from './strings.ts'

export const keyTimes: readonly Command[] = [
  ...[
    { name: 'expire', isSeconds: true, isAbsolute: false },
    { name: 'pexpire', isSeconds: false, isAbsolute: false },
    { name: 'expireat', isSeconds: true, isAbsolute: true },
    { name: 'pexpireat', isSeconds: false, isAbsolute: true },
  ].map(
    ({ name, isSeconds, isAbsolute }): Command => ({
      name,
      summary: `When a key ends: ${isAbsolute ? 'at this time since 1970' : 'after so long'}. 1, or 0 when it is not set.`,
      usage: `key ${isSeconds ? 'seconds' : 'milliseconds'} [NX | XX | GT | LT]`,
      arity: -2,
      flags: ['write', 'frees'],
      keys: oneKey,
      run: (context, [key, amount, ...words]) => {
        const conditions = conditionsOf(words)
        const at = momentOf({ amount, isSeconds, isAbsolute }, context.now, name)
        return expire(context, key as Buffer, at, conditions)
      },
    }),
  ),
  {
    name: 'persist',
    summary: 'Lets a key live for ever: 1, or 0 when it does already or is absent.',
    usage: 'key',
    arity: 1,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.find(key as Buffer)
      if (!entry || entry.expires === null) return 0
      keyspace.expireAt(entry, null)
      return 1
    },
  },
  ...[
    { name: 'ttl', unitMs: 1000, isAbsolute: false },
    { name: 'pttl', unitMs: 1, isAbsolute: false },
    { name: 'expiretime', unitMs: 1000, isAbsolute: true },
    { name: 'pexpiretime', unitMs: 1, isAbsolute: true },
  ].map(
    ({ name, unitMs, isAbsolute }): Command => ({
      name,
      summary: `${isAbsolute ? 'When a key ends, since 1970' : 'How long a key still has'}, in ${unitMs === 1 ? 'milliseconds' : 'seconds'}; -1: it never ends, -2: it is absent.`,
      usage: 'key',
      arity: 1,
      flags: ['readonly'],
      keys: oneKey,
      run: ({ keyspace, now }, [key]) => {
        const entry = keyspace.find(key as Buffer)
        if (!entry) return -2
        return entry.expires === null ? -1 : Math.round((entry.expires - (isAbsolute ? 0 : now)) / unitMs)
      },
    }),
  ),
]

type Condition = 'NX' | 'XX' | 'GT' | 'LT'

function conditionsOf(words: readonly Buffer[]): ReadonlySet<Condition> {
  const found = new Set(words.map(conditionOf))
  if (found.has('NX') && found.size > 1) {
    throw new CommandError('ERR', 'NX and XX, GT or LT options at the same time are not compatible')
  }
  if (found.has('GT') && found.has('LT')) {
    throw new CommandError('ERR', 'GT and LT options at the same time are not compatible')
  }
  return found
}

function conditionOf(argument: Buffer): Condition {
  const word = wordOf(argument)
  if (word === 'NX' || word === 'XX' || word === 'GT' || word === 'LT') return word
  throw new CommandError('ERR', `Unsupported option ${String(argument).split('\0', 1)[0]}`)
}

function expire({ keyspace }: CommandContext, key: Buffer, at: number, conditions: ReadonlySet<Condition>): Reply {
  const entry = keyspace.find(key)
  if (!entry) return 0
  for (const condition of conditions) if (!isAllowed(entry, at, condition)) return 0
  endAt(keyspace, entry, at)
  return 1
}

function isAllowed({ expires }: Entry, at: number, condition: Condition): boolean {
  if (condition === 'NX') return expires === null
  if (condition === 'XX') return expires !== null
  // Without an end it lasts for ever.
  if (condition === 'GT') return expires !== null && at > expires
  return expires === null || at < expires
}
