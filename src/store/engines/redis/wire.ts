/** What goes to ioredis for a call, and what it gives away about its connections. */
import type { Duplex } from 'node:stream'
import type { Cluster, Command, Redis } from 'ioredis'
import type { Argument, Call } from '../engine.ts'
import type { Ioredis } from './connect.ts'
import { replyErrorOf } from './replies.ts'
import type { ScriptCall } from './scripts.ts'

/** A command of Redis, or a script. */
export type Sendable = { readonly call: Call } | ScriptCall

const broken =
  /Connection is closed|max retries per request|isn't writeable|Cluster isn't ready|Cluster is ended|None of startup nodes|aborted due to connection/i

interface Handle {
  ref(): unknown
  unref(): unknown
}

const redirecting = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /

/** A node that answers that another one has the key has done nothing. To be called after it was given to ioredis. */
export function noteRedirection(command: Command, tracked: { wasSent: boolean }): void {
  const { reject } = command
  command.reject = error => {
    if (redirecting.test(error.message)) tracked.wasSent = false
    reject.call(command, error)
  }
}

export function handlesOf(redis: Redis | Cluster): (Handle | null | undefined)[] {
  const { stream, reconnectTimeout } = redis as unknown as { stream?: Partial<Handle>; reconnectTimeout?: Handle }
  return [stream && 'ref' in stream ? (stream as Handle) : undefined, reconnectTimeout]
}

const corked = new WeakSet<Duplex>()

/** Lets all that is sent in this turn to a server go in one write: ioredis makes one of each command. */
export function corkTurn(redis: Redis | Cluster): void {
  const stream = 'nodes' in redis ? undefined : (redis.stream as Duplex | undefined)
  if (!stream || corked.has(stream)) return
  corked.add(stream)
  stream.cork()
  process.nextTick(() => {
    corked.delete(stream)
    stream.uncork()
  })
}

export function wireOf(sendable: Sendable, isKnown: boolean): Call {
  if ('call' in sendable) return sendable.call
  const { script, keys, args } = sendable
  return [isKnown ? 'evalsha' : 'eval', isKnown ? script.sha1 : script.text, keys.length, ...keys, ...args]
}

/** A command that tells when it is written to a connection. */
export interface TrackedCommand extends Command {
  /** By what it is told. */
  tracked: { wasSent: boolean }
}

export type CommandMaker = new (
  name: string,
  args: (string | Buffer)[],
  options: { replyEncoding: null },
) => TrackedCommand

/** One class, as a method of each command anew takes longer than to send it. */
export function trackingCommand({ Command }: Ioredis): CommandMaker {
  class Tracked extends Command {
    tracked = { wasSent: false }

    override toWritable(socket: object): string | Buffer {
      this.tracked.wasSent = true
      return super.toWritable(socket)
    }
  }
  return Tracked as unknown as CommandMaker
}

export function commandOf(Maker: CommandMaker, call: Call, tracked: { wasSent: boolean }): TrackedCommand {
  const args: (string | Buffer)[] = []
  for (let i = 1; i < call.length; i++) args.push(textOf(call[i] as Argument))
  const command = new Maker(call[0], args, { replyEncoding: null })
  command.tracked = tracked
  return command
}

function textOf(argument: Argument): string | Buffer {
  if (typeof argument === 'string') return argument
  if (typeof argument === 'number') return String(argument)
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
}

export function nameOf(sendable: Sendable): string {
  return 'call' in sendable ? sendable.call[0] : sendable.script.name
}

/** That of a plain command is its first argument: those of several keys must have them in one slot anyway. */
export function keyOf(sendable: Sendable): Buffer | undefined {
  const key = 'script' in sendable ? sendable.keys[0] : sendable.call[1]
  return key === undefined ? undefined : Buffer.from(textOf(key) as string)
}

export function nodeName(redis: Redis | Cluster | undefined): string {
  const { host, port } = (redis as Redis | undefined)?.options ?? {}
  return `${host}:${port}`
}

export function splitNode(name: string): [host: string, port: number] {
  const colon = name.lastIndexOf(':')
  return [name.slice(0, colon), Number(name.slice(colon + 1))]
}

/** Redis has not the script of this digest, or not any more. */
export function isUnknownScript({ message }: Error): boolean {
  return message.startsWith('NOSCRIPT')
}

export function isBroken(error: Error & { code?: string }): boolean {
  return broken.test(error.message) || /^E[A-Z]+$/.test(error.code ?? '') || replyErrorOf(error).code === 'UNBLOCKED'
}
