/**
 * The engine on Redis or Valkey, one server or a cluster: other machines share the same structures. A structure is a plain key
 * of its name; commands that Redis has not are scripts (scripts.ts), or several calls (pages.ts). What this process has called
 * before is seen, since all goes over one connection in its order. There is no copy on this machine: `readNow` is refused.
 */
import { CommandError } from '../../commands/command-error.ts'
import { commandNamed, commands, keysOf } from '../../commands/table.ts'
import type { Reply } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import { checkCall, checkCalls } from '../check-call.ts'
import type { Argument, Call, CallOptions, Check, Engine, TopicListener, Unsubscribe, WaitOptions } from '../engine.ts'
import { bytesOf } from '../local-reader.ts'
import { errorOf } from '../reply-to-error.ts'
import { RedisAdministration } from './administration.ts'
import { combineSets } from './combine.ts'
import type { RedisContext } from './context.ts'
import { slotOf } from './keys.ts'
import { RedisLink } from './link.ts'
import { RedisPages } from './pages.ts'
import { scriptCallOf } from './scripts.ts'
import { RedisSweeper } from './sweeper.ts'
import { RedisTopics } from './topics.ts'
import { RedisTransactions } from './transaction.ts'
import { RedisWaits } from './waits.ts'
import { flushedChannel, RedisWatches } from './watches.ts'

export interface RedisOptions {
  /** `redis://…`, or `rediss://…` for TLS. */
  readonly url: string
  /** Milliseconds that a call may take; 10,000 by default. */
  readonly timeoutMs?: number
  /** The largest value; 128 MB by default. Checked here, before anything is sent. */
  readonly valueBytesMax?: number
}

const defaultTimeoutMs = 10_000
const defaultValueBytesMax = 128 * 1024 ** 2
// They change what a connection is, or keep all others waiting that share it.
const unfit = new Set([
  ...[
    'subscribe',
    'psubscribe',
    'ssubscribe',
    'unsubscribe',
    'punsubscribe',
    'monitor',
    'sync',
    'psync',
    'multi',
    'exec',
  ],
  ...[
    'discard',
    'watch',
    'unwatch',
    'select',
    'swapdb',
    'auth',
    'hello',
    'reset',
    'quit',
    'client',
    'readonly',
    'asking',
  ],
  ...[
    'blpop',
    'brpop',
    'brpoplpush',
    'blmove',
    'blmpop',
    'bzpopmin',
    'bzpopmax',
    'bzmpop',
    'xread',
    'xreadgroup',
    'wait',
  ],
])
/** Of these a cluster does the keys of each slot for themselves, and so it does of mget. */
const counting = new Set(['del', 'unlink', 'exists', 'touch'])
/** Whoever gets what it gives away must see what was written before. */
const handingOver = 'saola.lock.release'
/** Of the commands of tasks those whose answer is another one when they are sent again. */
const countsOnce = new Set(['saola.task.retry', 'saola.task.remove', 'saola.task.schedule', 'saola.task.unschedule'])
/** Where the time to live of entries is among the arguments. */
const ttlAt = new Map([
  ['saola.map.set', 1],
  ['saola.map.swap', 4],
  ['saola.map.expire', 2],
])

export class RedisEngine implements Engine {
  readonly canReadNow = false
  readonly #link: RedisLink
  readonly #timeoutMs: number
  readonly #valueBytesMax: number
  readonly #waits: RedisWaits
  readonly #topics: RedisTopics
  readonly #watches: RedisWatches
  readonly #transactions: RedisTransactions
  readonly #sweeper: RedisSweeper
  /** The commands that are several calls. */
  readonly #composed: ReadonlyMap<string, (args: readonly Buffer[], call: Call) => Promise<Reply>>
  #isClosed = false

  /** @throws {StoreError} STORE_ARGUMENT_INVALID for an address that is none. Whether it can be reached shows at the first call. */
  constructor({ url, timeoutMs = defaultTimeoutMs, valueBytesMax = defaultValueBytesMax }: RedisOptions) {
    this.#timeoutMs = timeoutMs
    this.#valueBytesMax = valueBytesMax
    this.#link = new RedisLink(url)
    const context: RedisContext = { link: this.#link, run: (call, options) => this.call(call, options), timeoutMs }
    this.#waits = new RedisWaits(context)
    this.#topics = new RedisTopics(context)
    this.#watches = new RedisWatches(context)
    this.#transactions = new RedisTransactions(context)
    this.#sweeper = new RedisSweeper(this.#link, timeoutMs)
    const pages = new RedisPages(this.#link, timeoutMs)
    const administration = new RedisAdministration(this.#link, url, timeoutMs)
    const flush = async (_: readonly Buffer[], call: Call) => {
      const reply = await administration.flush(call)
      // Redis tells nobody of it.
      await this.#topics.publish(['publish', flushedChannel, ''], timeoutMs).catch(() => {})
      return reply
    }
    this.#composed = new Map<string, (args: readonly Buffer[], call: Call) => Promise<Reply>>([
      ['saola.set.page', args => pages.ofSet(args)],
      ['saola.set.combine', args => combineSets(call => this.call(call), args)],
      ['saola.map.page', args => pages.ofMap(args)],
      ['saola.list.page', args => pages.ofList(args)],
      ['saola.keys.page', args => pages.ofKeys(args)],
      ['keys', args => pages.allKeys(args)],
      ['saola.info', () => administration.info()],
      ['dbsize', () => administration.size()],
      ['ping', (_, call) => administration.ping(call)],
      ['flushall', flush],
      ['flushdb', flush],
    ])
  }

  async call(call: Call, { timeoutMs = this.#timeoutMs }: CallOptions = {}): Promise<Reply> {
    this.#throwIfClosed()
    const [name, ...args] = checkCall(call)
    this.#checkSizes(args)
    const composed = this.#composed.get(name)
    if (composed) return inOurWords(() => composed(argumentsOf(name, args), call))
    checkArity(name, args.length)
    if (unfit.has(name))
      throw new StoreError('STORE_UNSUPPORTED', `${name} cannot be sent over a connection that all calls share.`)
    if (args.length > 1 && (counting.has(name) || name === 'mget') && (await this.#link.isClusterWithin(timeoutMs))) {
      return name === 'mget' ? this.#getEach(args, timeoutMs) : this.#countBySlot(call, timeoutMs)
    }
    if (name === 'publish') return this.#topics.publish(call, timeoutMs)
    return this.#told([call], this.#send(call, timeoutMs))
  }

  readNow([name]: Call): Reply {
    this.#throwIfClosed()
    const message = `${name} cannot be answered at once: the data is in Redis, not on this machine. Use get and await it, instead of peek.`
    throw new StoreError('STORE_UNSUPPORTED', message)
  }

  async wait(makeCall: (request: string, timeoutMs: number) => Call, options: WaitOptions): Promise<Reply> {
    this.#throwIfClosed()
    return this.#waits.wait((request, timeoutMs) => checkCall(makeCall(request, timeoutMs)), options)
  }

  async transaction(checks: readonly Check[], calls: readonly Call[]): Promise<readonly Reply[] | undefined> {
    this.#throwIfClosed()
    checkCalls(checks, calls)
    for (const [, ...args] of calls) this.#checkSizes(args)
    return this.#told(calls, this.#transactions.run(checks, calls))
  }

  async subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe> {
    this.#throwIfClosed()
    return this.#topics.subscribe(channel, isPattern, listener)
  }

  async watch(key: string, listener: (field: Buffer | undefined) => void): Promise<Unsubscribe> {
    this.#throwIfClosed()
    return this.#watches.watch(key, listener)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#sweeper.close()
    for (const part of [this.#waits, this.#topics, this.#watches, this.#transactions]) part.close()
    this.#link.close()
  }

  /** Whoever in this process waits for a key has its turn right behind a write; whoever watches is told before it is answered. */
  #told<Replies>(calls: readonly Call[], replies: Promise<Replies>): Promise<Replies> {
    if (this.#waits.isIdle && this.#watches.isIdle) return replies
    const keys = calls.flatMap(keysWritten)
    this.#waits.wrote(keys)
    if (!this.#watches.isWatching(keys)) return replies
    return replies.then(async reply => {
      await this.#watches.told()
      return reply
    })
  }

  #send(call: Call, timeoutMs: number): Promise<Reply> {
    const [name, ...args] = call
    const flags = commands.get(name)?.flags ?? []
    const isRead = flags.includes('readonly')
    const script = scriptCallOf(call)
    if (!script) {
      if (name.startsWith('saola.')) throw new StoreError('STORE_UNSUPPORTED', `${name} is not there on Redis.`)
      return this.#link.send({ call }, { timeoutMs, isRead })
    }
    if (Number(args[ttlAt.get(name) ?? -1] ?? 0) > 0) this.#sweeper.start()
    // A request has a name, under which it counts once; it must not lose its place to one that comes behind.
    const isRepeatable = flags.includes('waits') || (name.startsWith('saola.task.') && !countsOnce.has(name))
    return this.#link.send(script, { timeoutMs, isRead, isRepeatable, isAfterAll: name === handingOver })
  }

  #getEach(keys: readonly Argument[], timeoutMs: number): Promise<Reply[]> {
    // What is no text answers null to MGET, and an error to GET.
    return Promise.all(
      keys.map(async key => ((await this.#send(['mget', key], timeoutMs)) as readonly Reply[])[0] as Reply),
    )
  }

  async #countBySlot([name, ...args]: Call, timeoutMs: number): Promise<Reply> {
    const groups = Object.values(Object.groupBy(args, key => slotOf(bytesOf(key)))) as Argument[][]
    const counts = await Promise.all(groups.map(keys => this.#send([name, ...keys], timeoutMs)))
    return (counts as number[]).reduce((sum, count) => sum + count, 0)
  }

  #checkSizes(args: readonly Argument[]): void {
    const max = this.#valueBytesMax
    if (!args.some(argument => isLonger(argument, max))) return
    const message = `A value is above ${this.#valueBytesMax} bytes (store.maxValueBytes): split it, or raise the limit.`
    throw new StoreError('STORE_VALUE_TOO_LARGE', message)
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
  }
}

function keysWritten([name, ...args]: Call): readonly Buffer[] {
  const command = commands.get(name)
  // Their scripts say who is to be woken.
  if (name.startsWith('saola.task.')) return []
  if (!command?.flags.includes('write') || command.flags.includes('waits')) return []
  return keysOf(command, args.map(bytesOf))
}

function argumentsOf(name: string, args: readonly Argument[]): Buffer[] {
  checkArity(name, args.length)
  return args.map(bytesOf)
}

function checkArity(name: string, count: number): void {
  if (!commands.has(name)) return
  try {
    commandNamed(name, count)
  } catch (error) {
    throw error instanceof CommandError ? errorOf(error) : error
  }
}

async function inOurWords(run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run()
  } catch (error) {
    throw error instanceof CommandError ? errorOf(error) : error
  }
}

function isLonger(argument: Argument, max: number): boolean {
  if (typeof argument === 'number') return false
  if (typeof argument !== 'string') return argument.byteLength > max
  // Most are surely short enough.
  return argument.length * 3 > max && Buffer.byteLength(argument) > max
}
