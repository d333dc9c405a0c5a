/**
 * Waiting on Redis: for a lock, for an element of a list. A script tries; if it could do nothing yet it notes the request in the
 * queue of the key, and answers `saola.wait`. It is run again when a script of another process has woken it by a message, when
 * Redis tells that the key was changed by whatever command, and after a second at the latest, which is also how a queue
 * knows that somebody still waits: an entry whose process has died is passed over after five seconds.
 *
 * A request has a name, under which it counts once: so it is sent again after a connection was lost.
 *
 * Commands of tasks wait for other things than a change of their key: their scripts alone know who is to be woken. What a claim
 * took whose answer did not arrive is given back (task-waits.ts).
 */
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Reply } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import type { Call, Unsubscribe, WaitOptions } from '../engine.ts'
import type { RedisContext } from './context.ts'
import { channelOfKey } from './notifications.ts'
import { scriptCall } from './scripts.ts'
import { subscribersOf } from './subscribers.ts'
import { answerAtEnd, forgetTask, isTaskWait, TaskClaims } from './task-waits.ts'

const waitWord = 'saola.wait'
const wakeChannel = 'saola:wake:'
// How long whoever gives up waits until Redis knows.
const leaveMs = 1_000
const retryMs = 50
// How long beyond its time the answer to a claim may take that was sent before.
const answerMs = 2_000

class Wait {
  readonly request: string
  readonly makeCall: (timeoutMs: number) => Call
  readonly key: string
  /** The try that is under way, or the last. */
  trying: Promise<Reply> | undefined
  /** Why the last try has failed; undefined if it was answered. */
  trouble: StoreError | undefined
  readonly signal: AbortSignal | undefined
  /** By performance.now(). */
  readonly deadline: number
  /** Resolves with what a try has got, whichever it was. */
  readonly done = Promise.withResolvers<Reply>()
  isDone = false
  /** Changes of its key mean nothing to it. */
  readonly isOfTasks: boolean
  #wasWoken = false
  #wake: (() => void) | undefined

  constructor(
    request: string,
    makeCall: (request: string, timeoutMs: number) => Call,
    { timeoutMs, signal }: WaitOptions,
  ) {
    this.request = request
    this.makeCall = ms => makeCall(request, ms)
    const call = makeCall(request, timeoutMs)
    this.key = String(call[1])
    this.isOfTasks = isTaskWait(call)
    this.signal = signal
    this.deadline = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY
  }

  finish(reply: Reply): void {
    this.isDone = true
    this.done.resolve(reply)
    this.wake()
  }

  get isOver(): boolean {
    return this.signal?.aborted === true || performance.now() >= this.deadline
  }

  get leftMs(): number {
    return Number.isFinite(this.deadline) ? Math.max(1, Math.round(this.deadline - performance.now())) : 0
  }

  /** Lets it try again; if it tries just now, once more behind that. */
  readonly wake = (): void => {
    this.#wasWoken = true
    this.#wake?.()
  }

  /** Until it is woken, at most so long. */
  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const leftMs = this.deadline - performance.now()
    const timer = setTimeout(resolve, Math.max(0, Math.min(ms, leftMs)))
    this.signal?.addEventListener('abort', resolve as () => void, { once: true })
    if (this.#wasWoken || this.isOver) resolve()
    await promise
    this.#wasWoken = false
    this.#wake = undefined
    clearTimeout(timer)
    this.signal?.removeEventListener('abort', resolve as () => void)
  }
}

/** Those of this process that wait for one key, in their order. */
interface Waiting {
  readonly waits: Set<Wait>
  /** Of the changes of the key; once one of them has to wait. */
  unsubscribe: Promise<Unsubscribe> | undefined
}

export class RedisWaits {
  readonly #context: RedisContext
  /** Without a dot: scripts find the process by what is before it. */
  readonly #process = randomBytes(9).toString('base64url')
  #count = 0
  readonly #byRequest = new Map<string, Wait>()
  readonly #byKey = new Map<string, Waiting>()
  readonly #closing = new AbortController()
  readonly #claims: TaskClaims
  #wakeUps: Promise<unknown> | undefined
  #isHolding = false
  /** Messages that wake are heard; if they were not for a moment, all were woken behind it. */
  #isHearing = false

  constructor(context: RedisContext) {
    this.#context = context
    this.#claims = new TaskClaims(context, this.#closing.signal)
  }

  /**
   * Runs a command that may have to wait, as `Engine.wait`. Those of one process are served in their order, and so are those of
   * several, as long as each of them says every second that it still waits.
   *
   * @throws {StoreError} STORE_UNAVAILABLE and the like when the time is over and Redis cannot be reached; what the command says.
   * @throws the reason of the signal.
   */
  async wait(makeCall: (request: string, timeoutMs: number) => Call, options: WaitOptions): Promise<Reply> {
    options.signal?.throwIfAborted()
    this.#throwIfClosed()
    const wait = new Wait(`${this.#process}.${(this.#count++).toString(36)}`, makeCall, options)
    const first = this.#try(wait)
    this.#enter(wait)
    this.#hold()
    const ended = Promise.withResolvers<never>()
    const onClose = () => ended.reject(new StoreError('STORE_CLOSED', 'The store was closed.'))
    const onAbort = () => this.#giveUpAtOnce(wait, ended.reject)
    this.#closing.signal.addEventListener('abort', onClose, { once: true })
    options.signal?.addEventListener('abort', onAbort, { once: true })
    let reply: Reply = null
    try {
      reply = await Promise.race([this.#untilDone(wait, first), ended.promise])
      return reply
    } finally {
      if (reply === null && wait.isOfTasks) this.#claims.notArrived(wait)
      this.#closing.signal.removeEventListener('abort', onClose)
      options.signal?.removeEventListener('abort', onAbort)
      this.#exit(wait)
      this.#hold()
    }
  }

  /** A write of this process: right behind it the first who waits here for its key tries, unless it gives up at the same time. */
  wrote(keys: readonly Buffer[]): void {
    for (const key of keys) {
      const waiting = this.#byKey.get(String(key))
      if (waiting) queueMicrotask(() => this.#tryFirst(waiting))
    }
  }

  #tryFirst({ waits }: Waiting): void {
    for (const wait of waits) {
      if (wait.isOver || wait.isDone) continue
      this.#try(wait).then(
        reply => isWait(reply) || wait.finish(reply),
        // The other try says what is wrong.
        () => {},
      )
      return
    }
  }

  /** Whether somebody waits, so that `wrote` may do something. */
  get isIdle(): boolean {
    return this.#byKey.size === 0
  }

  /** All who wait are refused with STORE_CLOSED, and leave their queues. */
  close(): void {
    for (const wait of this.#byRequest.values()) this.#leave(wait).catch(() => {})
    this.#closing.abort()
  }

  async #untilDone(wait: Wait, first: Promise<Reply>): Promise<Reply> {
    let trying = first
    for (let isListening = wait.isOfTasks && this.#isHearing; ; ) {
      const reply = await this.#outcome(wait, trying)
      if (!isWait(reply)) return reply
      if (!wait.isDone && !wait.isOver) {
        const heard = isListening ? undefined : this.#listen(wait).then(wait.wake, () => {})
        isListening = true
        // What has happened before it is heard is found by trying once more.
        await Promise.race([wait.sleep(reply[1]), ...(heard ? [heard] : [])])
      }
      if (wait.isDone || wait.signal?.aborted) return wait.done.promise
      if (wait.isOver) return this.#giveUp(wait)
      trying = this.#try(wait)
    }
  }

  #try(wait: Wait): Promise<Reply> {
    const { run, timeoutMs } = this.#context
    const leftMs = wait.leftMs || timeoutMs
    // What a claim has got is not left behind because its time is over.
    const tryMs = wait.isOfTasks ? leftMs + answerMs : leftMs
    wait.trying = run(wait.makeCall(wait.leftMs), { timeoutMs: Math.min(timeoutMs, tryMs) })
    return wait.trying
  }

  /** What a try has come to; when Redis was not reached it is as if it had to wait. */
  async #outcome(wait: Wait, trying: Promise<Reply>): Promise<Reply | WaitReply> {
    try {
      const reply = await Promise.race([trying, wait.done.promise])
      wait.trouble = undefined
      return reply
    } catch (error) {
      const isPassing = error instanceof StoreError && ['STORE_UNAVAILABLE', 'STORE_TIMEOUT'].includes(error.code)
      if (!isPassing || performance.now() >= wait.deadline) throw error
      wait.trouble = error
      return [Buffer.from(waitWord), retryMs]
    }
  }

  /** The time is over. Fails when Redis cannot be reached: it may have got something, which must not be taken for nothing. */
  async #giveUp(wait: Wait): Promise<Reply> {
    if (wait.isOfTasks) {
      if (wait.trouble) throw wait.trouble
      return answerAtEnd(wait.makeCall(0))
    }
    await this.#leave(wait)
    return wait.isDone ? wait.done.promise : null
  }

  /** The signal is aborted: a try that is under way is answered before, and counts if it has got something. */
  async #giveUpAtOnce(wait: Wait, reject: (reason: unknown) => void): Promise<void> {
    if (wait.isOfTasks) await this.#claims.settled(wait)
    else await this.#leave(wait).catch(() => {})
    await setImmediate()
    reject(wait.signal?.reason)
  }

  #leave(wait: Wait): Promise<Reply> {
    const { key, request } = wait
    const { link } = this.#context
    if (wait.isOfTasks) return forgetTask(this.#context, wait)
    return link.send(scriptCall('saola.wait.leave', [Buffer.from(key)], [request]), {
      timeoutMs: leaveMs,
      isRead: true,
    })
  }

  /** Resolves when changes of the key, and messages of those who wake, are heard. */
  async #listen({ key, isOfTasks }: Wait): Promise<void> {
    if (isOfTasks) return void (await this.#hearWakeUps())
    const waiting = this.#byKey.get(key)
    // Without changes of keys, which Redis may refuse to tell, there is still the second after which it tries again.
    if (waiting) waiting.unsubscribe ??= this.#listenToKey(key, waiting)
    await Promise.all([this.#hearWakeUps(), waiting?.unsubscribe?.catch(() => {})])
  }

  #listenToKey(key: string, { waits }: Waiting): Promise<Unsubscribe> {
    // Of this process one tries; when it has got something, the next does.
    const wakeFirst = () => {
      const [first] = waits
      first?.wake()
    }
    const unsubscribe = channelOfKey(this.#context, key).then(channel =>
      subscribersOf(this.#context).listen({
        ...{ channel, isPattern: false, isOfKeys: true, message: wakeFirst, gap: wakeFirst },
      }),
    )
    unsubscribe.catch(() => {})
    return unsubscribe
  }

  #enter(wait: Wait): void {
    this.#byRequest.set(wait.request, wait)
    if (wait.isOfTasks) return
    const waiting = this.#byKey.get(wait.key) ?? { waits: new Set(), unsubscribe: undefined }
    this.#byKey.set(wait.key, waiting)
    waiting.waits.add(wait)
  }

  #exit(wait: Wait): void {
    this.#byRequest.delete(wait.request)
    if (wait.isOfTasks) return
    const waiting = this.#byKey.get(wait.key)
    if (!waiting?.waits.delete(wait)) return
    const [next] = waiting.waits
    // It may have been told of a change that was meant for the next.
    if (next) return next.wake()
    this.#byKey.delete(wait.key)
    waiting.unsubscribe?.then(
      unsubscribe => unsubscribe(),
      () => {},
    )
  }

  #hearWakeUps(): Promise<unknown> {
    const wakeAll = () => {
      for (const wait of this.#byRequest.values()) wait.wake()
    }
    const message = (_: string, request: Buffer) => this.#byRequest.get(String(request))?.wake()
    this.#wakeUps ??= subscribersOf(this.#context)
      .listen(
        { channel: `${wakeChannel}${this.#process}`, isPattern: false, isOfKeys: false, message, gap: wakeAll },
        { isHeld: false },
      )
      .then(() => {
        this.#isHearing = true
      })
      .catch(error => {
        this.#wakeUps = undefined
        throw error
      })
    return this.#wakeUps
  }

  #hold(): void {
    const isHolding = this.#byRequest.size > 0
    if (isHolding === this.#isHolding) return
    this.#isHolding = isHolding
    subscribersOf(this.#context).hold(isHolding ? 1 : -1)
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
  }
}

type WaitReply = readonly [word: Buffer, againMs: number]

function isWait(reply: Reply | WaitReply): reply is WaitReply {
  return Array.isArray(reply) && Buffer.isBuffer(reply[0]) && reply[0].toString('latin1') === waitWord
}
