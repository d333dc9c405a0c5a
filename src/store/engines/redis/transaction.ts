/**
 * Several commands at once, all or nothing, as one script, in which each of them has its own. What was read is compared there
 * with what it answers now. What is read by several calls (pages of a map, a set, a list) cannot be repeated in a script: its
 * keys are remembered by the digest of all they hold, taken before it is read once more.
 *
 * What a call changes is copied before, if another comes behind it, because Redis undoes nothing: it costs as much as the
 * structures are large.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../../commands/command.ts'
import { CommandError } from '../../commands/command-error.ts'
import { commandNamed, keysOf } from '../../commands/table.ts'
import { Double, Pairs, type Reply, Status } from '../../resp/reply.ts'
import type { Argument, Call, Check } from '../engine.ts'
import { bytesOf } from '../local-reader.ts'
import { errorOf } from '../reply-to-error.ts'
import type { RedisContext } from './context.ts'
import { companionOf } from './keys.ts'
import { type RawReply, replyOf } from './replies.ts'
import { type Script, scriptCallOf, scriptOf } from './scripts.ts'
import { subscribersOf } from './subscribers.ts'

/** What a call is in the script. */
type Kind = 'read' | 'double' | 'digest' | 'write' | 'publish' | 'enqueue'

interface Part {
  readonly name: string
  readonly kind: Kind
  readonly keys: readonly Buffer[]
  readonly args: readonly Argument[]
  /** Of a check: its reply as one text. */
  readonly expected?: Buffer | string
}

const doubles = new Set(['zscore', 'zmscore'])
const digestName = 'saola.digest'
const ofTasks = 'saola.task.'
const enqueueing = `${ofTasks}enqueue`

export class RedisTransactions {
  readonly #context: RedisContext

  constructor(context: RedisContext) {
    this.#context = context
  }

  /**
   * The replies of the calls; undefined, and nothing is changed, when a check has another reply now.
   *
   * @throws {StoreError} what a call says: then nothing is changed; STORE_COMMAND for what cannot be part of a transaction;
   *   STORE_UNSUPPORTED in a cluster for keys of several slots.
   */
  async run(checks: readonly Check[], calls: readonly Call[]): Promise<readonly Reply[] | undefined> {
    if (checks.length + calls.length === 0) return []
    const writes = calls.map((call, i) => partOf(call, i === calls.length - 1))
    const reads: Part[] = []
    // Awaited only where it must be: the transaction has its place among the other calls.
    for (const check of checks) {
      const part = isLocal(check.call) ? await this.#digested(check) : readOf(check)
      if (!part) return undefined
      reads.push(part)
    }
    const { link, timeoutMs } = this.#context
    const script = scriptFor([...reads, ...writes].map(({ name }) => name))
    const keys = distinct([...reads, ...writes].flatMap(part => part.keys))
    const args = [reads.length, ...reads.flatMap(wordsOf), writes.length, ...writes.flatMap(wordsOf)]
    // Where who listens is counted; with keys it is sent to where these are.
    const channel = keys.length === 0 ? writes.find(({ name }) => name === 'publish')?.args[0] : undefined
    const node = channel === undefined ? undefined : await subscribersOf(this.#context).masterOf(String(channel))
    const reply = await link.send({ script, keys, args }, { timeoutMs, isRead: false, ...(node && { node }) })
    if (reply === null) return undefined
    return (reply as readonly Reply[]).map((one, i) => replyOf(one as RawReply, calls[i] as Call))
  }

  close(): void {}

  /** Undefined when it has another reply already. */
  async #digested({ call, reply }: Check): Promise<Part | undefined> {
    const { link, timeoutMs, run } = this.#context
    const keys = withEnds(keysOfCall(call))
    const digest: Part = { name: digestName, kind: 'digest', keys, args: [] }
    if (keys.length === 0) return isSame(await run(call), reply) ? { ...digest, expected: '' } : undefined
    const script = digestScript()
    const expected = String(await link.send({ script, keys, args: [] }, { timeoutMs, isRead: true }))
    return isSame(await run(call), reply) ? { ...digest, expected } : undefined
  }
}

function isSame(now: Reply, before: Reply): boolean {
  return textOf(now).equals(textOf(before))
}

function readOf({ call, reply }: Check): Part {
  const command = commandOf(call)
  if (!command.flags.includes('readonly')) throw unfit(call[0])
  return { ...sent(call, doubles.has(call[0]) ? 'double' : 'read'), expected: textOf(reply) }
}

function partOf(call: Call, isLast: boolean): Part {
  const command = commandOf(call)
  const { name, flags } = command
  if (name === 'publish') return { name, kind: 'publish', keys: [], args: call.slice(1) }
  const isFit = flags.includes('write') || flags.includes('readonly')
  if (!isFit || flags.includes('waits') || name === 'saola.transaction' || isLocal(call)) throw unfit(name)
  // They touch more than the keys that they name, which could not be put back.
  if (!isLast && flags.includes('write') && (!command.keys || name.startsWith('saola.cache.'))) throw unfit(name)
  if (name.startsWith(ofTasks)) {
    if (name !== enqueueing) throw unfit(name)
    return sent(call, 'enqueue')
  }
  return sent(call, flags.includes('write') ? 'write' : 'read')
}

function sent(call: Call, kind: Kind): Part {
  const found = scriptCallOf(call)
  if (found) return { name: call[0], kind, keys: found.keys.map(bytesOf), args: found.args }
  return { name: call[0], kind, keys: keysOfCall(call), args: call.slice(1) }
}

/** A command of ours that is no script: it reads by several calls. */
function isLocal([name]: Call): boolean {
  return (name.startsWith('saola.') && !scriptOf(name)) || name === 'dbsize'
}

function commandOf([name, ...args]: Call): Command {
  try {
    return commandNamed(name, args.length)
  } catch (error) {
    throw error instanceof CommandError ? errorOf(error) : error
  }
}

function unfit(name: string) {
  return errorOf({ code: 'ERR', message: `'${name}' cannot be part of a transaction, or not there` })
}

function keysOfCall(call: Call): Buffer[] {
  return keysOf(commandOf(call), call.slice(1).map(bytesOf))
}

/** Entries of maps have their ends beside them. */
function withEnds(keys: readonly Buffer[]): Buffer[] {
  return keys.flatMap(key => [key, companionOf('ttl', key)])
}

function wordsOf({ name, kind, keys, args, expected }: Part): Argument[] {
  return [name, kind, keys.length, ...keys, args.length, ...args, ...(expected === undefined ? [] : [expected])]
}

/** A reply as one text, in the way of with/transaction.lua. */
function textOf(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('n')
  if (typeof reply === 'number' || typeof reply === 'bigint') return Buffer.from(`i${reply};`)
  if (Buffer.isBuffer(reply)) return Buffer.concat([Buffer.from(`s${reply.length}:`), reply])
  if (reply instanceof Status) return textOf(Buffer.from(reply.text))
  if (reply instanceof Double) {
    const bytes = Buffer.from('d________', 'latin1')
    bytes.writeDoubleBE(reply.value, 1)
    return bytes
  }
  const items = reply instanceof Pairs ? reply.items : (reply as readonly Reply[])
  return Buffer.concat([Buffer.from(`a${items.length}:`), ...items.map(textOf)])
}

function distinct(keys: readonly Buffer[]): Buffer[] {
  return [...new Map(keys.map(key => [key.toString('latin1'), key])).values()]
}

const composed = new Map<string, Script>()

/** Kept by Redis, and few: one for each set of commands that come together. */
function scriptFor(names: readonly string[]): Script {
  const own = [...new Set(names)].filter(name => scriptOf(name)).sort()
  const id = own.join(' ')
  const known = composed.get(id) ?? compose(own)
  composed.set(id, known)
  return known
}

function compose(names: readonly string[]): Script {
  const functions = names.map(name => `own['${name}'] = function(KEYS, ARGV)\n${scriptOf(name)?.text}\nend\n`)
  const main = readFileSync(join(import.meta.dirname, 'scripts', 'with', 'transaction.lua'), 'utf8')
  return scriptOfText('saola.transaction', `local own = {}\n${functions.join('')}${main}`)
}

let digesting: Script | undefined

function digestScript(): Script {
  const text = `local parts = {}
for i, key in ipairs(KEYS) do parts[i] = redis.sha1hex(redis.call('DUMP', key) or '') end
return table.concat(parts)`
  digesting ??= scriptOfText(digestName, text)
  return digesting
}

function scriptOfText(name: string, text: string): Script {
  return { name, text, sha1: createHash('sha1').update(text).digest('hex'), companions: [] }
}
