/**
 * Everything that a supervisor and its workers say to each other, over the channel that Node gives a child.
 * One discriminated union a direction; `type` is `saola.…`, so that messages of the application itself pass by.
 */

import type { LogFields, LogLevel } from '../base/log.ts'
import type { CaptureReply, CaptureRequest } from './captures.ts'
import type { WorkerFigures } from './figures.ts'

/**
 * What SAOLA_WORKER says when the specification comes later, over the channel: to a process that was started early
 * (supervisor/early-child.ts), and when it is too long for an environment (supervisor/child-process.ts).
 */
export const toldLater = 'later'

/** What a worker is told to be, in its environment (`SAOLA_WORKER`), before it runs a line of the application. */
export interface WorkerSpec {
  /** The tree's name. */
  readonly tree: string
  /** The application's name in the configuration: `web`. */
  readonly app: string
  /** The worker's place: 0, 1, … A replacement has the place of the one that it replaces. */
  readonly index: number
  /** Counts the reloads since the tree was started, from 1. */
  readonly generation: number
  /** How the processes of the tree come to the shared store, as JSON: for its environment (`SAOLA_STORE_TREE`). */
  readonly store: string
  /** Absolute path of the application; absent for a front that answers itself. */
  readonly entry?: string
  /** The settings of the edge, as edge/options.ts has them; absent: the application's own server takes the connections. */
  readonly edge?: object
  /** How many workers the application may have: they share the limits of the machine. */
  readonly workersMax: number
  /**
   * The listen sockets, in the order of the configuration. Inherited as `fd` only by a worker that accepts itself; one that
   * was started before they were bound has none, and asks for a copy.
   */
  readonly sockets: readonly SocketSpec[]
  /** Who accepts: the worker itself from the shared socket, or the supervisor, which hands connections over. */
  readonly accept: 'worker' | 'supervisor'
  /** Others accept from the same socket, or may: begin with a small share, until the supervisor says what it is. */
  readonly sharesSocket: boolean
  /** Sticky by cookie: the cookie that a first response sets, with the worker's index. */
  readonly stickyCookie?: string
  readonly backlog: number
  readonly maxConnections: number
  readonly keepAliveMs: number
  readonly requestTimeoutMs: number
  readonly bootTimeoutMs: number
  readonly readyPath?: string
  readonly readyStatus?: number
  /** Ready only when the application calls `ready()`. */
  readonly readySignal: boolean
  readonly graceful: {
    readonly timeoutMs: number
    readonly delayMs: number
    readonly idleMs: number
    readonly websocketsMs: number
  }
  /** Ask to be replaced after so many requests, and up to `recycleJitter` more at random; 0 never. */
  readonly recycleRequests: number
  readonly recycleJitter: number
  /** The access log's format, or false when there is none. */
  readonly accessLogFormat: string | false
  /** Somebody looks at figures: count what is answered. */
  readonly countsTraffic: boolean
}

export interface SocketSpec {
  readonly fd?: number
  readonly address: string
  /** What is spoken on it: with TLS, `https` on TCP addresses and `redirect` on those that only send there. */
  readonly protocol: 'http' | 'https' | 'redirect'
}

/** The state of a worker's main loop, sent every second. */
export interface Beat {
  /** 99th percentile of the event loop's delay since the last beat, in milliseconds. */
  readonly loopDelayMs: number
  /** Event loop utilisation since the last beat, 0 to 1. */
  readonly utilization: number
  readonly rssBytes: number
  readonly heapBytes: number
  readonly cpuPercent: number
  readonly connections: number
  readonly inFlight: number
  /** Requests answered since the worker was started. */
  readonly requests: number
  /** Access-log lines dropped because the supervisor did not take them in time. */
  readonly logDropped: number
  /** What it has done since it was started; absent when nobody looks. */
  readonly figures?: WorkerFigures
}

export type ToWorker =
  /**
   * Its specification, as SAOLA_WORKER would say it. A process that was started before it was known what to be has not
   * inherited the sockets in it.
   */
  | { readonly type: 'saola.become'; readonly spec: string; readonly inheritsSockets: boolean }
  /** Stop accepting, answer what is in flight, then end. */
  | { readonly type: 'saola.drain'; readonly reason: string }
  /** Keep at most so many connections before leaving the next ones to others. */
  | { readonly type: 'saola.share'; readonly connections: number }
  /** What it speaks TLS with from now on: see edge/tls/credentials.ts. Here, as an environment can be looked at. */
  | { readonly type: 'saola.credentials'; readonly credentials: object }
  /** A fresh copy of listen socket `index`, as the message's handle. */
  | { readonly type: 'saola.listener'; readonly index: number }
  /**
   * A connection to `address`, accepted by the supervisor, as the message's handle; `head` is what was read of it already.
   */
  | { readonly type: 'saola.connection'; readonly address: string; readonly head?: string }

  /** What a step of the edge is asked; answered by `saola.answer` of the same id. */
  | { readonly type: 'saola.ask'; readonly id: number; readonly step: string; readonly question: unknown }

export type FromWorker =
  /** The application listens and has said that it is ready; the owner of the store serves. */
  | { readonly type: 'saola.ready'; readonly bootMs: number }
  /** What it is answered with, when it has asked the application for some time whether that is ready. */
  | { readonly type: 'saola.waiting'; readonly reason: string }
  /** The application could not be loaded. */
  | { readonly type: 'saola.boot-failed'; readonly message: string; readonly stack: string; readonly code?: string }
  /** The process is about to end by an error that nobody caught; Node prints it. */
  | { readonly type: 'saola.last-words'; readonly message: string }
  | { readonly type: 'saola.beat'; readonly beat: Beat }
  /** What it has done in all, as the last that it says in an end in order. */
  | { readonly type: 'saola.figures'; readonly figures: WorkerFigures }
  /** So many connections are open: sent when the number has changed noticeably. */
  | { readonly type: 'saola.load'; readonly connections: number }
  /** A copy of listen socket `index` is wanted, to be able to accept again after a pause. */
  | { readonly type: 'saola.listener-wanted'; readonly index: number }
  /** What it speaks TLS with is wanted, and each later change. */
  | { readonly type: 'saola.credentials-wanted' }
  /** A handed-over connection has arrived. */
  | { readonly type: 'saola.accepted' }
  /** A handed-over connection has ended. */
  | { readonly type: 'saola.released' }
  /** The worker has served as long as it should and asks for a successor. */
  | { readonly type: 'saola.recycle'; readonly reason: string }
  /** It has nothing to do, nor would others of its group: one of them is enough. */
  | { readonly type: 'saola.idle' }
  /** Something to write into the log of the tree. */
  | {
      readonly type: 'saola.log'
      readonly level: LogLevel
      readonly event: string
      readonly fields: LogFields
    }
  /** `error` when it could not be answered; neither, where the worker has no such step. */
  | { readonly type: 'saola.answer'; readonly id: number; readonly answer?: unknown; readonly error?: string }
  /** The application uses something that only runs when it is used: `store`. */
  | { readonly type: 'saola.wanted'; readonly service: string }

/** What the supervisor asks the watch thread of a worker on its own pipe, a JSON line each. */
export type WatchRequest = StackRequest | CaptureRequest

export type WatchReply = StackReply | CaptureReply

export interface StackRequest {
  readonly type: 'stack'
  readonly id: number
  /** So long the main thread may take to pause. Without: 2,800, since a process that hangs is killed soon after. */
  readonly waitMs?: number
}

/** One frame of a stack, innermost first. */
export interface StackFrame {
  readonly functionName: string
  readonly url: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number
}

export interface StackReply {
  readonly type: 'stack'
  readonly id: number
  readonly frames: readonly StackFrame[]
  readonly error?: string
}
