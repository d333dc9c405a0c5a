import { globOf } from '../commands/glob.ts'
import { Push } from '../resp/reply.ts'
import type { Client } from './client.ts'

const messageKind = Buffer.from('message')
const patternKind = Buffer.from('pmessage')

/** Who listens to which channel. In memory only: a message that nobody listens for is gone, as in Redis. */
export class Topics {
  readonly #channels = new Map<string, Set<Client>>()
  readonly #patterns = new Map<
    string,
    { readonly clients: Set<Client>; readonly matches: (channel: Buffer) => boolean }
  >()

  /** How many channels and patterns somebody listens to. */
  get counts(): { readonly channels: number; readonly patterns: number } {
    return { channels: this.#channels.size, patterns: this.#patterns.size }
  }

  subscribe(client: Client, channel: Buffer): void {
    const text = channel.toString('latin1')
    this.#channels.set(text, (this.#channels.get(text) ?? new Set()).add(client))
    client.channels.add(text)
  }

  unsubscribe(client: Client, channel: Buffer): void {
    const text = channel.toString('latin1')
    const clients = this.#channels.get(text)
    client.channels.delete(text)
    clients?.delete(client)
    if (clients?.size === 0) this.#channels.delete(text)
  }

  subscribePattern(client: Client, pattern: Buffer): void {
    const text = pattern.toString('latin1')
    const known = this.#patterns.get(text) ?? { clients: new Set(), matches: globOf(Buffer.from(pattern)) }
    known.clients.add(client)
    client.patterns.add(text)
    this.#patterns.set(text, known)
  }

  unsubscribePattern(client: Client, pattern: Buffer): void {
    const text = pattern.toString('latin1')
    const known = this.#patterns.get(text)
    client.patterns.delete(text)
    known?.clients.delete(client)
    if (known?.clients.size === 0) this.#patterns.delete(text)
  }

  /** What a connection has subscribed to. */
  channelsOf({ channels, patterns }: Client): { readonly channels: string[]; readonly patterns: string[] } {
    return { channels: [...channels], patterns: [...patterns] }
  }

  /** The channels that somebody listens to by their name. */
  names(): Iterable<string> {
    return this.#channels.keys()
  }

  /** How many listen to a channel by its name. */
  countByName(channel: Buffer): number {
    return this.#channels.get(channel.toString('latin1'))?.size ?? 0
  }

  leave(client: Client): void {
    const { channels, patterns } = this.channelsOf(client)
    for (const name of channels) this.unsubscribe(client, Buffer.from(name, 'latin1'))
    for (const name of patterns) this.unsubscribePattern(client, Buffer.from(name, 'latin1'))
  }

  countFor(channel: Buffer): number {
    let count = this.#channels.get(channel.toString('latin1'))?.size ?? 0
    for (const { clients, matches } of this.#patterns.values()) if (matches(channel)) count += clients.size
    return count
  }

  deliver(channel: Buffer, message: Buffer): void {
    const direct = this.#channels.get(channel.toString('latin1'))
    if (direct) {
      const push = new Push([messageKind, channel, message])
      for (const client of direct) client.push(push)
    }
    for (const [pattern, { clients, matches }] of this.#patterns) {
      if (!matches(channel)) continue
      const push = new Push([patternKind, Buffer.from(pattern, 'latin1'), channel, message])
      for (const client of clients) client.push(push)
    }
  }
}
