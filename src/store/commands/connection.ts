/** What concerns a connection of saola/store itself, and topics and watches, which belong to it. */
import { ok, Status } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, type OwnerContext, oneKey, ownerOf } from './command.ts'
import { countSubscriptions } from './subscriptions.ts'

/** What a connection can listen to. It is told with a push, and its listening ends with it. */
const listening: readonly {
  readonly name: string
  readonly summary: string
  readonly usage: 'channel' | 'pattern' | 'key'
  readonly change: (owner: OwnerContext, what: Buffer) => void
}[] = [
  {
    name: 'saola.subscribe',
    summary: 'Listens to a channel.',
    usage: 'channel',
    change: ({ topics, client }, channel) => topics.subscribe(client, channel),
  },
  {
    name: 'saola.unsubscribe',
    summary: 'Listens to a channel no more.',
    usage: 'channel',
    change: ({ topics, client }, channel) => topics.unsubscribe(client, channel),
  },
  {
    name: 'saola.psubscribe',
    summary: 'Listens to all channels that match a pattern.',
    usage: 'pattern',
    change: ({ topics, client }, pattern) => topics.subscribePattern(client, pattern),
  },
  {
    name: 'saola.punsubscribe',
    summary: 'Listens to a pattern no more.',
    usage: 'pattern',
    change: ({ topics, client }, pattern) => topics.unsubscribePattern(client, pattern),
  },
  {
    name: 'saola.watch',
    summary: 'Hears of each change of a key.',
    usage: 'key',
    change: ({ watches, client }, key) => watches.add(client, key),
  },
  {
    name: 'saola.unwatch',
    summary: 'Hears of a key no more.',
    usage: 'key',
    change: ({ watches, client }, key) => watches.remove(client, key),
  },
]

export const connection: readonly Command[] = [
  {
    name: 'ping',
    summary: 'Answers PONG, or what it is given.',
    usage: '[message]',
    arity: [0, 1],
    flags: ['owner'],
    keys: undefined,
    run: (context, [message]) => {
      const { client } = ownerOf(context)
      // Messages are lists in version 2, so that a client can tell what else is no answer.
      if (client.protocol === 2 && countSubscriptions(client) > 0) return [pongWord, message ?? nothing]
      return message ?? pong
    },
  },
  {
    name: 'publish',
    summary: 'Sends a message to those who listen to a channel; returns how many they are.',
    usage: 'channel message',
    arity: 2,
    flags: ['owner'],
    keys: undefined,
    run: (context, [channel, message]) => ownerOf(context).publish(channel as Buffer, message as Buffer),
  },
  ...listening.map(
    ({ name, summary, usage, change }): Command => ({
      name,
      summary,
      usage,
      arity: 1,
      flags: ['owner'],
      keys: usage === 'key' ? oneKey : undefined,
      run: (context, [what]) => {
        change(ownerOf(context), what as Buffer)
        return ok
      },
    }),
  ),
  {
    name: 'saola.cancel',
    summary: 'Ends the wait of this name: 1, or 0 when it is over already.',
    usage: 'request',
    arity: 1,
    flags: ['owner'],
    keys: undefined,
    run: (context, [request]) => (ownerOf(context).cancelWait(request as Buffer) ? 1 : 0),
  },
  {
    name: 'saola.session',
    summary:
      'Goes on with the numbered writes of a process: the last number known here, the answers after `received` with their numbers, and how many bytes an argument may have.',
    usage: 'session received',
    arity: 2,
    flags: ['connection', 'owner'],
    keys: undefined,
    run: (context, [id, received]) => {
      const { sessions, client, limits } = ownerOf(context)
      const session = sessions.open(id as Buffer)
      sessions.acknowledge(session, integerOf(received))
      sessions.attach(session, client)
      return [
        session.sequence,
        session.answers.flatMap(answer => [answer.sequence, answer.reply]),
        limits.valueBytesMax,
      ]
    },
  },
]

const pong = new Status('PONG')
const pongWord = Buffer.from('pong')
const nothing = Buffer.alloc(0)
