/** What Redis answers, in the shape in which the owner answers the same command; and its errors. */
import { Double, Pairs, type Reply, ReplyError, Status } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import { errorOf } from '../reply-to-error.ts'

/** As ioredis gives it: texts as Buffers. */
export type RawReply = null | number | Buffer | Error | readonly RawReply[]

// RESP2 does not tell a fixed word from a text.
const statusCommands = new Set([
  ...['set', 'mset', 'setex', 'psetex', 'rename', 'type', 'lset', 'ltrim', 'flushall', 'flushdb', 'select', 'ping'],
  ...['restore', 'watch', 'unwatch', 'multi', 'discard'],
])
const doubleCommands = new Set(['zscore', 'zincrby', 'zmscore'])
const pairCommands = new Set(['hgetall', 'saola.info'])

/** @throws nothing: an error in a list stays one, as a ReplyError. */
export function replyOf(raw: RawReply, [name, ...args]: readonly unknown[]): Reply {
  const command = String(name)
  if (Buffer.isBuffer(raw) && statusCommands.has(command) && !isSetWithGet(command, args)) {
    return new Status(raw.toString())
  }
  if (doubleCommands.has(command)) return doublesOf(raw)
  const reply = plain(raw)
  return pairCommands.has(command) && Array.isArray(reply) ? new Pairs(reply) : reply
}

function plain(raw: RawReply): Reply {
  if (raw instanceof Error) return replyErrorOf(raw)
  return Array.isArray(raw) ? raw.map(plain) : (raw as Reply)
}

function doublesOf(raw: RawReply): Reply {
  if (Array.isArray(raw)) return raw.map(doublesOf)
  return Buffer.isBuffer(raw) ? new Double(numberOf(raw.toString('latin1'))) : plain(raw)
}

function numberOf(text: string): number {
  if (/^[+-]?inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return Number(text) + 0
}

function isSetWithGet(command: string, args: readonly unknown[]): boolean {
  return command === 'set' && args.slice(2).some(word => /^get$/i.test(String(word)))
}

// What a script raises as a text gets another code before its own.
const raised = /^ERR (?=(?:WRONGTYPE|OOM|READONLY|MISCONF|NOPERM|CROSSSLOT|STORE_[A-Z_]+) )/

/** `CODE message`, without what Redis adds about the script in which it happened. */
export function replyErrorOf({ message }: Error): ReplyError {
  const whole = message.replace(/,? ?script: \w+, on @user_script:\d+\.$/, '').trim()
  // What prelude.lua has raised, or before Redis 7 what a command in the script has answered.
  const text = /(?:saola|@user_script:\s?\d+): ([A-Z]\S* .*)$/s.exec(whole)?.[1] ?? whole.replace(raised, '')
  const space = text.indexOf(' ')
  const code = space < 0 ? text : text.slice(0, space)
  return /^[A-Z][A-Z_]*$/.test(code) ? new ReplyError(code, text.slice(space + 1)) : new ReplyError('ERR', text)
}

const unavailable = new Set(['READONLY', 'LOADING', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'BUSY', 'NOREPLICAS'])

/** What the structures throw. */
export function errorOfRedis(error: Error): StoreError {
  if (error instanceof StoreError) return error
  const { code, message } = replyErrorOf(error)
  if (code === 'OOM') return new StoreError('STORE_FULL', `Redis has reached its maxmemory: ${message}`)
  if (code === 'MISCONF') return new StoreError('STORE_DISK_FULL', `Redis cannot save: ${message}`)
  if (unavailable.has(code)) return new StoreError('STORE_UNAVAILABLE', `Redis does not serve now: ${code} ${message}`)
  if (code === 'NOPERM') return new StoreError('STORE_NO_AUTH', `The user of Redis may not do that: ${message}`)
  if (/^unknown command 'eval/i.test(message)) return new StoreError('STORE_UNSUPPORTED', noScripts)
  if (code === 'CROSSSLOT') return new StoreError('STORE_UNSUPPORTED', crossSlot)
  if (message.includes('is not a number (NaN)')) return new StoreError('STORE_NOT_A_NUMBER', message)
  return errorOf({ code, message })
}

const noScripts =
  'What answers there carries out no scripts. If it is a Saola, its address begins with saola:// or saolas://.'

const crossSlot =
  'In a cluster, what is changed together must have names with the same part in braces, as {user:1}:cart and {user:1}:orders.'
