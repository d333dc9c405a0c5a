/** Channels, as Redis' clients listen to them. The topics of saola/store are the same ones. There is one space of names for all databases. */
import type { Client } from '../owner/client.ts'
import { Push, type Reply, Sequence } from '../resp/reply.ts'
import { type Command, type OwnerContext, ownerOf } from './command.ts'
import { container } from './container.ts'
import { globOf } from './glob.ts'

type Kind = 'subscribe' | 'unsubscribe' | 'psubscribe' | 'punsubscribe'

const texts: Readonly<Record<Kind, { readonly summary: string; readonly usage: string }>> = {
  subscribe: { summary: 'Listens to channels.', usage: 'channel [channel …]' },
  unsubscribe: { summary: 'Listens to channels no more; without a name to none.', usage: '[channel …]' },
  psubscribe: { summary: 'Listens to all channels that match patterns.', usage: 'pattern [pattern …]' },
  punsubscribe: { summary: 'Listens to patterns no more; without one to none.', usage: '[pattern …]' },
}

const changes: Readonly<Record<Kind, (owner: OwnerContext, name: Buffer) => void>> = {
  subscribe: ({ topics, client }, name) => topics.subscribe(client, name),
  unsubscribe: ({ topics, client }, name) => topics.unsubscribe(client, name),
  psubscribe: ({ topics, client }, name) => topics.subscribePattern(client, name),
  punsubscribe: ({ topics, client }, name) => topics.unsubscribePattern(client, name),
}

const listening = (Object.keys(texts) as Kind[]).map(
  (name): Command => ({
    name,
    ...texts[name],
    arity: name.includes('un') ? [0, Number.POSITIVE_INFINITY] : -1,
    flags: ['connection', 'owner'],
    keys: undefined,
    run: (context, names) => listen(ownerOf(context), name, names),
  }),
)

const pubsub = container({
  name: 'pubsub',
  summary: 'Who listens to what.',
  flags: ['owner'],
  subcommands: [
    {
      name: 'channels',
      summary: 'The channels that somebody listens to by their names.',
      usage: '[pattern]',
      arity: [0, 1],
      run: (context, [pattern]) => {
        const matches = pattern ? globOf(pattern) : () => true
        return [...ownerOf(context).topics.names()].map(name => Buffer.from(name, 'latin1')).filter(matches)
      },
    },
    {
      name: 'numsub',
      summary: 'How many listen to each of these channels by its name.',
      usage: '[channel …]',
      arity: [0, Number.POSITIVE_INFINITY],
      run: (context, names) => names.flatMap(name => [name, ownerOf(context).topics.countByName(name)]),
    },
    {
      name: 'numpat',
      summary: 'How many patterns somebody listens to.',
      usage: '',
      arity: 0,
      run: context => ownerOf(context).topics.counts.patterns,
    },
    {
      name: 'shardchannels',
      summary: 'None: there are no shards.',
      usage: '[pattern]',
      arity: [0, 1],
      run: () => [],
    },
    {
      name: 'shardnumsub',
      summary: '0 for each: there are no shards.',
      usage: '[channel …]',
      arity: [0, Number.POSITIVE_INFINITY],
      run: (_context, names) => names.flatMap(name => [name, 0]),
    },
  ],
})

export const subscriptions: readonly Command[] = [...listening, pubsub]

/** How many channels and patterns a connection listens to. */
export function countSubscriptions({ channels, patterns }: Client): number {
  return channels.size + patterns.size
}

/** One message for each name. */
function listen(owner: OwnerContext, kind: Kind, names: readonly Buffer[]): Reply {
  const { client } = owner
  const word = Buffer.from(kind)
  const given = names.length > 0 ? names : allOf(client, kind)
  if (given.length === 0) return new Push([word, null, countSubscriptions(client)])
  return new Sequence(
    given.map(name => {
      changes[kind](owner, name)
      return new Push([word, name, countSubscriptions(client)])
    }),
  )
}

function allOf({ channels, patterns }: Client, kind: Kind): Buffer[] {
  return [...(kind === 'unsubscribe' ? channels : patterns)].map(name => Buffer.from(name, 'latin1'))
}
