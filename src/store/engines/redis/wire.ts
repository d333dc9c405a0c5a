/** What goes to ioredis for a call, and what it gives away about its connections. */
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

/** Calls back when a node has answered that another one has the key: so this one has done nothing. After it was sent. */
export function onRedirection(command: Command, listener: () => void): void {
  const { reject } = command
  command.reject = error => {
    if (redirecting.test(error.message)) listener()
    reject.call(command, error)
  }
}

export function handlesOf(redis: Redis | Cluster): (Handle | null | undefined)[] {
  const { stream, reconnectTimeout } = redis as unknown as { stream?: Partial<Handle>; reconnectTimeout?: Handle }
  return [stream && 'ref' in stream ? (stream as Handle) : undefined, reconnectTimeout]
}

export function wireOf(sendable: Sendable, isKnown: boolean): Call {
  if ('call' in sendable) return sendable.call
  const { script, keys, args } = sendable
  return [isKnown ? 'evalsha' : 'eval', isKnown ? script.sha1 : script.text, keys.length, ...keys, ...args]
}

export function commandOf({ Command }: Ioredis, [name, ...args]: Call, onWrite: () => void): Command {
  const command = new Command(name, args.map(textOf), { replyEncoding: null })
  const write = command.toWritable.bind(command)
  command.toWritable = socket => {
    onWrite()
    return write(socket)
  }
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
  if ('script' in sendable) return sendable.keys[0]
  const [, key] = sendable.call
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

export function isBroken(error: Error & { code?: string }): boolean {
  return broken.test(error.message) || /^E[A-Z]+$/.test(error.code ?? '') || replyErrorOf(error).code === 'UNBLOCKED'
}
