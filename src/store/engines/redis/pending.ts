/** A call that was not answered yet, and how it is sent. */
import type { Redis } from 'ioredis'
import type { StoreError } from '../../store-error.ts'
import type { RawReply } from './replies.ts'
import type { ScriptCall } from './scripts.ts'
import type { Sendable } from './wire.ts'

export interface SendOptions {
  readonly timeoutMs: number
  /** It changes nothing, so that it may be sent again. */
  readonly isRead: boolean
  /** However often it is carried out, it counts once: it may be sent again, too. */
  readonly isRepeatable?: boolean
  /** In a cluster, to which node; else to the one that has the slot of its keys. */
  readonly node?: Redis
  /**
   * What this process has written before is carried out before, whatever it is on: whoever gets this message or lock must see
   * it. On one server all calls are in order; in a cluster this one waits for the others.
   */
  readonly isAfterAll?: boolean
}

export interface Pending {
  /** In the order of calls. */
  readonly number: number
  readonly sendable: Sendable
  /** What goes instead of it; see lanes.ts. */
  guarded: ScriptCall | undefined
  readonly options: SendOptions
  /** By performance.now(). */
  readonly deadline: number
  /** Calls of one lane keep their order. */
  lane: number
  readonly settle: (reply: RawReply | StoreError) => void
  /** It went to a connection at least once, and may have arrived. */
  wasSent: boolean
  isSettled: boolean
  /** Its answer is to come. */
  isUnderWay: boolean
  /** Why Redis has not carried it out so far. */
  trouble: StoreError | undefined
  /** What must be settled first. */
  readonly after: Set<Pending> | undefined
}
