/**
 * The connection of a process to Redis: one to a server, one to each master of a cluster. Calls are sent in their order, in a
 * cluster those of each slot. A call ends in its answer or an error that says whether it may have been carried out: what was
 * not sent yet waits for the next connection until its deadline; what was sent and not answered is sent again if it only
 * reads or counts once, and else ends in STORE_TIMEOUT, because a write must not be applied twice.
 */
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { Reply } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import type { Unsubscribe } from '../engine.ts'
import {
  connectCluster,
  connectOne,
  type Ioredis,
  isLost,
  loadIoredis,
  optionsOfUrls,
  withoutSecret,
} from './connect.ts'
import { discover } from './discover.ts'
import { slotOf } from './keys.ts'
import { guarded, Lanes } from './lanes.ts'
import { brokenError, busyError, refusalOf, unansweredError, unreachedError } from './link-errors.ts'
import { type LoadedScript, LoadedScripts } from './loaded-scripts.ts'
import type { Pending, SendOptions } from './pending.ts'
import { errorOfRedis, type RawReply, replyOf } from './replies.ts'
import {
  type CommandMaker,
  commandOf,
  corkTurn,
  handlesOf,
  isBroken,
  isUnknownScript,
  keyOf,
  nodeName,
  noteRedirection,
  type Sendable,
  splitNode,
  trackingCommand,
  wireOf,
} from './wire.ts'

export type { SendOptions } from './pending.ts'
export type { Sendable } from './wire.ts'

const pendingMax = 20_000
const checkMs = 50
/** Of all calls to one server; in a cluster of those without a key. */
const anyLane = -1
// Nothing was carried out, and a moment later it may be.
const passing = /^(?:LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN) /

export class RedisLink {
  readonly #url: string
  readonly #nodes: readonly RedisOptions[]
  /** Those of the node that has answered. */
  #options: RedisOptions
  #redis: Redis | Cluster | undefined
  #ioredis: Ioredis | undefined
  #Command: CommandMaker | undefined
  #isCluster = false
  #isFound = false
  #isReady = false
  #isClosed = false
  #starting: Promise<void> | undefined
  readonly #detected = Promise.withResolvers<boolean>()
  /** Sent, or waiting to be. */
  readonly #pending = new Set<Pending>()
  /** What waits for a connection, or for a slot to be served again: in its order. */
  readonly #lanes = new Lanes()
  #count = 0
  #transmissions = 0
  /** Given up by their callers, and not answered yet. */
  #unanswered = 0
  /** Those that come after others. */
  readonly #barriers = new Set<Pending>()
  readonly #loaded = new LoadedScripts()
  readonly #readyListeners = new Set<() => void>()
  #refusal: StoreError | undefined
  #checks: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  /** Why the last connection failed. */
  #lastError = ''
  #isHeld = false

  /** @throws {StoreError} STORE_ARGUMENT_INVALID for an address that is none. */
  constructor(url: string) {
    this.#nodes = optionsOfUrls(url)
    this.#options = this.#nodes[0] as RedisOptions
    this.#url = url
    this.#detected.promise.catch(() => {})
  }

  /** Known when the first connection is there. */
  get isCluster(): Promise<boolean> {
    this.#start()
    return this.#detected.promise
  }

  /** Keeps the process alive while something is listened to or waited for. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
    this.#updateHold()
  }

  /**
   * Sends a call, in its order.
   *
   * @throws {StoreError} what Redis says, or STORE_UNAVAILABLE, STORE_TIMEOUT, STORE_BUSY, STORE_CLOSED, STORE_NO_AUTH.
   */
  async send(sendable: Sendable, options: SendOptions): Promise<Reply> {
    return replyOf(await this.#sendRaw(sendable, options), 'call' in sendable ? sendable.call : [sendable.script.name])
  }

  /**
   * Whether it is a cluster, known within so many milliseconds.
   *
   * @throws {StoreError} as `send`: nobody may be there, or refuse this process.
   */
  async isClusterWithin(timeoutMs: number): Promise<boolean> {
    const hasFailed = (error: Error) => {
      if (!this.#isFound) throw error
    }
    if (!this.#isFound) await this.#sendRaw({ call: ['ping'] }, { timeoutMs, isRead: true }).catch(hasFailed)
    return this.#isCluster
  }

  /** The servers that have keys: one, or the masters of a cluster. Without `timeoutMs` it waits until one is there. */
  async masters(timeoutMs?: number): Promise<readonly Redis[]> {
    if (timeoutMs !== undefined) await this.isClusterWithin(timeoutMs)
    const redis = await this.#connected()
    return 'nodes' in redis ? redis.nodes('master') : [redis]
  }

  /** A connection of one's own, for what blocks or listens; in a cluster to the master that has the key. */
  async dedicated(key?: string | Uint8Array): Promise<Redis> {
    const redis = await this.#connected()
    const options = this.#options
    const ioredis = this.#ioredis as Ioredis
    if (!('nodes' in redis)) return connectOne(ioredis, options)
    const { db: _, path: __, ...others } = options
    const node = key === undefined ? undefined : redis.slots[slotOf(Buffer.from(key))]?.[0]
    const [host, port] = splitNode(node ?? nodeName(redis.nodes('master')[0]))
    return connectOne(ioredis, { ...others, host, port })
  }

  /** Called whenever a connection has been made. */
  onReady(listener: () => void): Unsubscribe {
    this.#readyListeners.add(listener)
    return () => this.#readyListeners.delete(listener)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#checks)
    const closed = new StoreError('STORE_CLOSED', 'The store was closed before it answered.')
    for (const pending of this.#pending) this.#settle(pending, closed)
    this.#detected.reject(closed)
    this.#redis?.disconnect()
  }

  #sendRaw(sendable: Sendable, options: SendOptions): Promise<RawReply> {
    if (this.#isClosed) return Promise.reject(new StoreError('STORE_CLOSED', 'The store is closed: open it again.'))
    if (this.#refusal) return Promise.reject(this.#refusal)
    if (this.#pending.size + this.#unanswered >= pendingMax) return Promise.reject(busyError(pendingMax))
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        number: this.#count++,
        sendable,
        guarded: undefined,
        options,
        deadline: performance.now() + options.timeoutMs,
        lane: this.#laneOf(sendable, options),
        settle: reply => (reply instanceof StoreError ? reject(reply) : resolve(reply)),
        wasSent: false,
        isSettled: false,
        isUnderWay: false,
        trouble: undefined,
        after: options.isAfterAll ? new Set([...this.#pending].filter(other => !other.options.isRead)) : undefined,
      }
      this.#pending.add(pending)
      if (pending.after) this.#barriers.add(pending)
      if (!this.#checks) this.#beginChecks()
      this.#start()
      if (this.#isReady && !this.#mustWait(pending)) this.#transmit(pending)
      else this.#lanes.wait(pending)
    })
  }

  /** Calls of one lane keep their order: all of a server, those of a slot in a cluster. */
  #laneOf(sendable: Sendable, { node }: SendOptions): number {
    if (!this.#isCluster || node) return anyLane
    const key = keyOf(sendable)
    return key === undefined ? anyLane : slotOf(key)
  }

  #transmit(pending: Pending): void {
    const { lane, options } = pending
    const redis = options.node ?? (this.#redis as Redis | Cluster)
    const loaded = this.#loaded.on(redis, pending)
    const isBehind = this.#lanes.hasDigests(lane)
    const guard = isBehind ? guarded(pending.sendable, this.#isCluster) : undefined
    if (typeof guard === 'object') pending.guarded = guard
    const sendable = pending.guarded ?? pending.sendable
    const sha1 = 'script' in sendable ? sendable.script.sha1 : undefined
    const known = sha1 === undefined ? undefined : loaded.get(sha1)
    const isRefusable = guard !== 'too long' && (sha1 === undefined || this.#lanes.isRefusedWith(lane, known))
    // Those before it may be refused, and it would be carried out.
    if (isBehind && !isRefusable) return this.#lanes.hold(pending)
    const number = this.#transmissions++
    if (sha1 !== undefined && !known) loaded.set(sha1, { broughtAt: number, seenAt: number })
    const command = commandOf(this.#Command as CommandMaker, wireOf(sendable, known !== undefined), pending)
    corkTurn(redis)
    const promise = redis.sendCommand(command)
    // When it is another one its outcome is of no use: what it stands for is told below.
    if (promise !== command.promise) Promise.resolve(promise).catch(() => {})
    pending.isUnderWay = true
    this.#lanes.begin(lane, known)
    command.promise.then(
      reply => {
        if (known) known.seenAt = Math.max(known.seenAt, number)
        if (!this.#hasEnded(pending)) this.#settle(pending, reply as RawReply)
        if (this.#lanes.end(lane, known !== undefined)) this.#sendWaiting()
      },
      (error: Error) => {
        if (!this.#hasEnded(pending)) this.#failed(pending, error, loaded)
        else if (isUnknownScript(error)) loaded.clear()
        if (this.#lanes.end(lane, known !== undefined)) this.#sendWaiting()
      },
    )
    if (this.#isCluster) noteRedirection(command, pending)
  }

  /** Whether its caller has given up before this answer came. */
  #hasEnded(pending: Pending): boolean {
    pending.isUnderWay = false
    if (pending.isSettled) this.#unanswered--
    return pending.isSettled
  }

  #failed(pending: Pending, error: Error, loaded: Map<string, LoadedScript>): void {
    if (isUnknownScript(error)) {
      // Somebody has emptied the cache of scripts: this was not carried out.
      loaded.clear()
      pending.wasSent = false
      this.#lanes.hold(pending)
    } else if (passing.test(error.message)) {
      pending.trouble = errorOfRedis(error)
      pending.wasSent = false
      this.#lanes.wait(pending)
    } else if (isBroken(error)) {
      const { isRead, isRepeatable } = pending.options
      if (pending.wasSent && !isRead && !isRepeatable) this.#settle(pending, brokenError(pending.sendable))
      else this.#lanes.wait(pending)
    } else this.#settle(pending, errorOfRedis(error))
  }

  #settle(pending: Pending, reply: RawReply | StoreError): void {
    if (pending.isSettled) return
    pending.isSettled = true
    this.#pending.delete(pending)
    this.#barriers.delete(pending)
    pending.settle(reply)
    for (const barrier of this.#barriers) {
      if (barrier.after?.delete(pending) && barrier.after.size === 0) this.#sendWaiting()
    }
  }

  /** Its time is over. If it was sent its answer may still come, and until then it counts among those under way. */
  #giveUp(pending: Pending): void {
    const { sendable, wasSent, trouble } = pending
    if (pending.isUnderWay) this.#unanswered++
    this.#settle(
      pending,
      wasSent
        ? unansweredError(sendable)
        : (trouble ?? unreachedError(sendable, withoutSecret(this.#url), this.#lastError)),
    )
  }

  #check(): void {
    const now = performance.now()
    for (const pending of this.#pending) if (pending.deadline <= now) this.#giveUp(pending)
    this.#sendWaiting()
    if (this.#pending.size > 0) return
    clearInterval(this.#checks)
    this.#checks = undefined
    this.#updateHold()
  }

  /** While something is under way, and a moment longer: so that calls one after the other do not begin and end them. */
  #beginChecks(): void {
    this.#checks = setInterval(() => this.#check(), checkMs)
    this.#updateHold()
  }

  #sendWaiting(): void {
    if (!this.#isReady) return
    for (const pending of this.#lanes.takeAll()) {
      if (pending.isSettled) continue
      if (pending.lane === anyLane) pending.lane = this.#laneOf(pending.sendable, pending.options)
      if (this.#mustWait(pending)) this.#lanes.wait(pending)
      else this.#transmit(pending)
    }
  }

  #mustWait({ lane, after }: Pending): boolean {
    if (this.#lanes.isHeld(lane)) return true
    return this.#isCluster && after !== undefined && after.size > 0
  }

  async #connected(): Promise<Redis | Cluster> {
    await this.isCluster
    return this.#redis as Redis | Cluster
  }

  #start(): void {
    this.#starting ??= this.#connect().catch((error: Error) => this.#refuse(errorOfRedis(error)))
  }

  async #connect(): Promise<void> {
    const ioredis = await loadIoredis()
    if (this.#isClosed) return
    this.#ioredis = ioredis
    this.#Command = trackingCommand(ioredis)
    const found = await discover(ioredis, this.#nodes, {
      isOver: () => this.#isClosed,
      onError: error => this.#onError(error),
      onTry: (redis, pause) => {
        this.#redis = redis
        this.#pause = pause
        this.#updateHold()
      },
    })
    if (!found || this.#isClosed) return
    const { isCluster, options } = found
    this.#options = options
    const redis = isCluster ? connectCluster(ioredis, this.#nodes) : connectOne(ioredis, options)
    this.#redis = redis
    redis.on('error', error => this.#onError(error))
    redis.on('node error', error => this.#onError(error))
    await new Promise<void>(resolve => redis.once('ready', () => resolve()))
    if (this.#isClosed) return
    this.#isCluster = isCluster
    this.#isFound = true
    this.#listen(redis)
    this.#detected.resolve(isCluster)
    this.#onReady()
  }

  #listen(redis: Redis | Cluster): void {
    redis.on('ready', () => this.#onReady())
    redis.on('close', () => this.#onClose())
    redis.on('reconnecting', () => this.#updateHold())
    redis.on('-node', (_: Redis, node: string) => this.#loaded.forget(node))
    redis.on('+node', () => this.#updateHold())
  }

  #onReady(): void {
    // It would use another database than it was asked for.
    if (isLost(this.#redis)) return
    this.#isReady = true
    this.#refusal = undefined
    this.#lastError = ''
    for (const listener of this.#readyListeners) listener()
    this.#sendWaiting()
    this.#updateHold()
  }

  #onClose(): void {
    this.#isReady = false
    this.#loaded.clear()
  }

  #onError(error: Error): void {
    this.#lastError = error.message
    const refusal = refusalOf(error, withoutSecret(this.#url))
    if (refusal) this.#refuse(refusal)
  }

  /** Nothing will help but another configuration: whoever waits is told at once. */
  #refuse(error: StoreError): void {
    this.#refusal = error
    for (const pending of this.#pending) this.#settle(pending, error)
    this.#lanes.takeAll()
  }

  /** An idle connection does not keep the process alive. */
  #updateHold(): void {
    const isWanted = this.#pending.size > 0 || this.#isHeld
    const redis = this.#redis
    const nodes = redis && 'nodes' in redis ? [redis, ...redis.nodes('all')] : redis ? [redis] : []
    const parts = nodes.flatMap(node => handlesOf(node))
    for (const part of [this.#checks, this.#pause, ...parts]) {
      if (isWanted) part?.ref()
      else part?.unref()
    }
  }
}
