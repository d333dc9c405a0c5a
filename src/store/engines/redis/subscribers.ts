/**
 * What this process hears from Redis: on one connection beside that of the calls, in a cluster on one to each master. When one
 * is lost it is made again, all is subscribed to anew, and whoever listens is told that something may be missed.
 *
 * In a cluster each message of PUBLISH goes to all nodes; it is taken from the one that has the slot of its channel, so that it
 * comes once, and in its order. What a node tells of its own keys comes from that node alone: it is listened to everywhere.
 */
import type { Redis } from 'ioredis'
import { StoreError } from '../../store-error.ts'
import type { Unsubscribe } from '../engine.ts'
import type { RedisContext } from './context.ts'
import { slotOf } from './keys.ts'
import type { RedisLink } from './link.ts'
import { tellOfKeys } from './notifications.ts'

export interface Listening {
  readonly channel: string
  readonly isPattern: boolean
  /** What nodes tell of their own keys: it is heard from all of them. */
  readonly isOfKeys: boolean
  /** `node` is where it came from. */
  message(channel: string, message: Buffer, node: string): void
  /** Something may be missed. */
  gap(): void
}

interface Group {
  readonly channel: string
  readonly isPattern: boolean
  readonly isOfKeys: boolean
  readonly listeners: Set<Listening>
  /** Fulfilled when it is heard for the first time. */
  readonly ready: PromiseWithResolvers<void>
  isReady: boolean
}

interface Node {
  readonly name: string
  readonly redis: Redis
  /** By the names of groups: fulfilled when the node knows. */
  readonly subscribed: Map<string, Promise<unknown>>
}

interface Topology {
  readonly masters: ReadonlyMap<string, Redis>
  ownerOf(channel: string): string | undefined
  /** Whether all that have slots are among the masters. */
  readonly isComplete: boolean
}

const retryMinMs = 20
const retryMaxMs = 1_000
const aliveEveryMs = 10_000

const ofLinks = new WeakMap<RedisLink, RedisSubscribers>()

/** One for all parts of an engine. */
export function subscribersOf(context: RedisContext): RedisSubscribers {
  const known = ofLinks.get(context.link) ?? new RedisSubscribers(context)
  ofLinks.set(context.link, known)
  return known
}

export class RedisSubscribers {
  readonly #context: RedisContext
  readonly #groups = new Map<string, Group>()
  readonly #nodes = new Map<string, Node>()
  #topology: Topology | undefined
  #working: Promise<void> | undefined
  #isDirty = false
  #wasLost = false
  #holders = 0
  /** What Redis was asked for and has not answered. */
  readonly #settling = new Set<Promise<unknown>>()
  #isClosed = false
  #alive: NodeJS.Timeout | undefined

  constructor(context: RedisContext) {
    this.#context = context
  }

  /**
   * Resolves when it is heard.
   *
   * @throws {StoreError} STORE_UNAVAILABLE when that is not so in time; STORE_CLOSED; STORE_UNSUPPORTED when Redis does not tell
   *   of keys, and may not be told to.
   */
  async listen(listening: Listening, { isHeld = true } = {}): Promise<Unsubscribe> {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
    const id = idOf(listening)
    const group = this.#groups.get(id) ?? this.#newGroup(listening)
    this.#groups.set(id, group)
    group.listeners.add(listening)
    if (isHeld) this.hold(1)
    const stop = () => {
      if (!group.listeners.delete(listening)) return
      if (isHeld) this.hold(-1)
      if (group.listeners.size > 0 || this.#groups.get(id) !== group) return
      this.#groups.delete(id)
      for (const node of this.#nodes.values()) this.#unsubscribe(node, id, group)
    }
    this.#work()
    try {
      await this.#settles(inTime(group.ready.promise, this.#context.timeoutMs))
    } catch (error) {
      stop()
      throw error
    }
    return stop
  }

  /** Undefined when all is as it was asked for; else resolves when it is, or nearly: what failed is no longer waited for. */
  settled(): Promise<unknown> | undefined {
    return this.#settling.size > 0 ? Promise.allSettled(this.#settling) : undefined
  }

  /** Resolves when all is heard that was sent until now. */
  async heard(): Promise<void> {
    const nodes = [...this.#nodes.values()]
    await Promise.allSettled(nodes.map(({ redis }) => inTime(redis.ping(), this.#context.timeoutMs)))
  }

  /** Whether something in this process listens to it. */
  hears(channel: string): boolean {
    const groups = [...this.#groups.values()]
    return this.#groups.has(`c${channel}`) || groups.some(({ isPattern }) => isPattern)
  }

  /**
   * The master that has the slot of a channel; undefined when there is one server only.
   *
   * @throws {StoreError} STORE_UNAVAILABLE when it is not there now.
   */
  async masterOf(channel: string): Promise<Redis | undefined> {
    if (!(await this.#context.link.isCluster)) return undefined
    const known = this.#topology
    const master = known?.masters.get(known.ownerOf(channel) ?? '')
    if (master && master.status !== 'end') return master
    // One that was lost comes back as another one.
    const found = await this.#findTopology().catch(error => {
      throw error instanceof StoreError ? error : ownerAway(channel, error)
    })
    if (found.isComplete) this.#topology = found
    const owner = found.ownerOf(channel)
    const again = found.masters.get(owner ?? '')
    // Any other one would take the message, and nobody would hear it.
    if (owner !== undefined && !again) throw ownerAway(channel)
    return again
  }

  /** While somebody listens or waits, the process lives. */
  hold(by: number): void {
    this.#holders += by
    for (const { redis } of this.#nodes.values()) this.#refer(redis)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#alive)
    const closed = new StoreError('STORE_CLOSED', 'The store was closed.')
    for (const { ready } of this.#groups.values()) ready.reject(closed)
    for (const { redis } of this.#nodes.values()) redis.disconnect()
    this.#nodes.clear()
  }

  #newGroup({ channel, isPattern, isOfKeys }: Listening): Group {
    const ready = Promise.withResolvers<void>()
    ready.promise.catch(() => {})
    return { channel, isPattern, isOfKeys, listeners: new Set(), ready, isReady: false }
  }

  /** Makes what is subscribed to what is wanted; again and again, until it is. */
  #work(): void {
    this.#isDirty = true
    this.#working ??= this.#workUntilDone().finally(() => {
      this.#working = undefined
    })
  }

  async #workUntilDone(): Promise<void> {
    for (let tries = 0; this.#isDirty && !this.#isClosed; ) {
      this.#isDirty = false
      try {
        await this.#reconcile()
        tries = 0
      } catch (error) {
        if (this.#isClosed) return
        this.#refuse(error)
        this.#isDirty = true
        this.#topology = undefined
        const ms = Math.min(retryMinMs * 2 ** Math.min(tries++, 10), retryMaxMs)
        await new Promise<void>(resolve => this.#keepAlive(setTimeout(resolve, ms)))
      }
    }
  }

  /** What cannot be had is said at once; what was lost is waited for. */
  #refuse(error: unknown): void {
    if (!(error instanceof StoreError) || !['STORE_UNSUPPORTED', 'STORE_NO_AUTH', 'STORE_CLOSED'].includes(error.code))
      return
    for (const [id, group] of this.#groups) {
      if (group.isReady || (error.code === 'STORE_UNSUPPORTED' && !group.isOfKeys)) continue
      this.#groups.delete(id)
      group.ready.reject(error)
    }
  }

  async #reconcile(): Promise<void> {
    this.#topology ??= await this.#findTopology()
    const topology = this.#topology
    for (const name of [...this.#nodes.keys()]) if (!topology.masters.has(name)) this.#drop(name)
    await Promise.all(
      [...topology.masters].map(async ([name, master]) => this.#nodes.has(name) || this.#open(name, master)),
    )
    if ([...this.#groups.values()].some(({ isOfKeys }) => isOfKeys)) await tellOfKeys([...topology.masters.values()])
    await Promise.all([...this.#groups].map(([id, group]) => this.#subscribe(topology, id, group)))
    if (!topology.isComplete) {
      // What it tells is missed until it is there again.
      this.#wasLost = true
      throw new Error('a master of the cluster is not there')
    }
    if (!this.#wasLost || this.#isDirty) return
    this.#wasLost = false
    for (const { isReady, listeners } of this.#groups.values()) if (isReady) for (const one of [...listeners]) one.gap()
  }

  async #subscribe(topology: Topology, id: string, group: Group): Promise<void> {
    const { channel, isPattern, isOfKeys } = group
    const owner = topology.ownerOf(channel)
    const isWanted = ({ name }: Node) => isOfKeys || isPattern || owner === undefined || name === owner
    const nodes = [...this.#nodes.values()]
    for (const node of nodes) if (!isWanted(node)) this.#unsubscribe(node, id, group)
    if (!nodes.some(isWanted)) return
    await Promise.all(
      nodes.filter(isWanted).map(node => {
        const subscribed = node.subscribed.get(id) ?? node.redis[isPattern ? 'psubscribe' : 'subscribe'](channel)
        node.subscribed.set(id, subscribed)
        return subscribed
      }),
    )
    if (group.isReady) return
    group.isReady = true
    group.ready.resolve()
  }

  #unsubscribe(node: Node, id: string, { channel, isPattern }: Group): void {
    if (!node.subscribed.delete(id)) return
    this.#settles(node.redis[isPattern ? 'punsubscribe' : 'unsubscribe'](channel)).catch(() => {})
  }

  #settles<Value>(promise: Promise<Value>): Promise<Value> {
    const end = () => this.#settling.delete(promise)
    this.#settling.add(promise)
    promise.then(end, end)
    return promise
  }

  async #findTopology(): Promise<Topology> {
    const { link } = this.#context
    const masters = await link.masters()
    const named = new Map(masters.map(master => [nameOf(master), master]))
    if (!(await link.isCluster)) return { masters: named, ownerOf: () => undefined, isComplete: true }
    if (masters.length === 0) throw new Error('the cluster has no masters')
    const ranges = (await (masters[0] as Redis).call('cluster', 'slots')) as [number, number, [string, number]][]
    return {
      masters: named,
      isComplete: ranges.every(([, , [host, port]]) => named.has(`${host}:${port}`)),
      ownerOf: channel => {
        const slot = slotOf(Buffer.from(channel))
        const range = ranges.find(([from, to]) => from <= slot && slot <= to)
        return range && `${range[2][0]}:${range[2][1]}`
      },
    }
  }

  async #open(name: string, master: Redis): Promise<void> {
    const isCluster = await this.#context.link.isCluster
    const redis = isCluster
      ? master.duplicate({ lazyConnect: false, retryStrategy: () => null })
      : await this.#context.link.dedicated()
    redis.on('error', () => {})
    if (redis.status !== 'ready') {
      await new Promise<void>((resolve, reject) => {
        redis.once('ready', () => resolve())
        redis.once('close', () => reject(new Error('the connection was closed')))
      }).catch(error => {
        redis.disconnect()
        throw error
      })
    }
    if (this.#isClosed) return redis.disconnect()
    const node: Node = { name, redis, subscribed: new Map() }
    this.#nodes.set(name, node)
    redis.on('close', () => this.#lost(node))
    redis.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#hear(node, 'c', channel, channel, message))
    redis.on('pmessageBuffer', (pattern: string, channel: Buffer, message: Buffer) =>
      this.#hear(node, 'p', pattern, channel, message),
    )
    this.#refer(redis)
    this.#alive ??= setInterval(() => this.#look(), aliveEveryMs).unref()
  }

  #hear({ name }: Node, kind: string, by: string | Buffer, channel: Buffer, message: Buffer): void {
    const group = this.#groups.get(`${kind}${String(by)}`)
    if (!group) return
    const text = channel.toString()
    const owner = group.isPattern && !group.isOfKeys ? this.#topology?.ownerOf(text) : undefined
    // Of the copies of a message in a cluster one counts.
    if (owner !== undefined && owner !== name) return
    for (const listener of group.listeners) listener.message(text, message, name)
  }

  #lost(node: Node): void {
    if (this.#nodes.get(node.name) !== node) return
    this.#drop(node.name)
    this.#wasLost = true
    this.#topology = undefined
    if (!this.#isClosed) this.#work()
  }

  #drop(name: string): void {
    const node = this.#nodes.get(name)
    this.#nodes.delete(name)
    for (const subscribed of node?.subscribed.values() ?? []) subscribed.catch(() => {})
    node?.redis.disconnect()
  }

  /** A connection whose other end is gone without a word is found out. */
  #look(): void {
    for (const node of this.#nodes.values()) {
      inTime(node.redis.ping(), aliveEveryMs).catch(() => node.redis.disconnect())
    }
  }

  #refer(redis: Redis): void {
    const { stream } = redis as unknown as { stream?: { ref?(): void; unref?(): void } }
    if (this.#holders > 0) stream?.ref?.()
    else stream?.unref?.()
  }

  #keepAlive(timer: NodeJS.Timeout): void {
    if (this.#holders === 0) timer.unref()
  }
}

function ownerAway(channel: string, cause?: unknown): StoreError {
  const message = `The master that has ${JSON.stringify(channel)} is not there now: nothing was sent. Try again.`
  return new StoreError('STORE_UNAVAILABLE', message, { cause })
}

function idOf({ channel, isPattern }: Listening): string {
  return `${isPattern ? 'p' : 'c'}${channel}`
}

function nameOf(redis: Redis): string {
  const { host, port, path } = redis.options
  return path ?? `${host}:${port}`
}

async function inTime<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>()
  const message = 'Redis could not be reached in time: nothing is listened to.'
  const timer = setTimeout(() => late.reject(new StoreError('STORE_UNAVAILABLE', message)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
