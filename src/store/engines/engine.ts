/**
 * Where the structures of saola/store have their data: one call for all. Engines differ in where that is (memory.ts,
 * embedded.ts) and in nothing that a structure can see, but for what `canReadNow` says.
 */
import type { Reply } from '../resp/reply.ts'

export type Argument = string | number | Uint8Array

/** A command and its arguments. */
export type Call = readonly [name: string, ...args: Argument[]]

export interface CallOptions {
  /** Milliseconds until the call gives up; the engine's own by default. */
  readonly timeoutMs?: number
  /** Gives up a call that waits. */
  readonly signal?: AbortSignal | undefined
}

/** What a transaction has read: it is carried out only if each of them still answers the same. */
export interface Check {
  readonly call: Call
  readonly reply: Reply
}

export type Unsubscribe = () => void

/** The time that this process waits by, where a test moves it. */
export interface MovableClock {
  /** As performance.now(), and on top of it what it was moved on. */
  now(): number
  /** Called when it was moved. */
  onMove(listener: () => void): Unsubscribe
}

export interface Engine {
  /** Undefined: what waits in this process goes by performance.now(). */
  readonly clock?: MovableClock | undefined
  /** Whether `readNow` works: the data is on this machine. */
  readonly canReadNow: boolean
  /**
   * Runs a command. What this process has written before is seen.
   *
   * @throws {StoreError} what the command says, or STORE_UNAVAILABLE, STORE_TIMEOUT, STORE_BUSY, STORE_CLOSED.
   */
  call(call: Call, options?: CallOptions): Promise<Reply>
  /**
   * Runs a command that changes nothing, now, on what is committed. A write of this process that is under way may not be in.
   *
   * @throws {StoreError} also STORE_UNSUPPORTED.
   */
  readNow(call: Call): Reply
  /**
   * Runs a command that may have to wait (`saola.list.take`, `saola.lock.acquire`): `makeCall` is given the milliseconds
   * to wait, 0 for ever, and a unique name of this request, under which it counts once however often it is sent.
   * Rejects with the signal's reason when that is aborted.
   */
  wait(makeCall: (request: string, timeoutMs: number) => Call, options: WaitOptions): Promise<Reply>
  /** All or nothing. Undefined when a check has failed. */
  transaction(checks: readonly Check[], calls: readonly Call[]): Promise<readonly Reply[] | undefined>
  /** Resolves when it is subscribed: what is published from then on is heard. */
  subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe>
  /** Resolves when it is watched. `field` is undefined when it concerns the whole key. Also called after a reconnection. */
  watch(key: string, listener: (field: Buffer | undefined) => void): Promise<Unsubscribe>
  close(): Promise<void>
}

export interface WaitOptions {
  /** 0 waits for ever. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface TopicListener {
  message(channel: string, message: Buffer): void
  /** The connection was lost and is there again: what was published between is missed. */
  gap(): void
}
