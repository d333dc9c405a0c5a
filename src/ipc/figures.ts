/**
 * What the processes of a tree have done, in numbers: what metrics and the dashboard show. Durations are in milliseconds, sizes in
 * bytes. Counts grow from the start of the process and never fall; what is said to be of now does.
 */

export { durationBoundsMs } from '../base/durations.ts'

/** Of one worker of an application, or summed over all that an application has had. */
export interface WorkerFigures {
  /** Responses by class: 1xx (handshakes of WebSockets), 2xx, 3xx, 4xx, 5xx. A client that left before its answer has got none. */
  readonly responses: readonly number[]
  /** Requests by how long they took, not cumulative: one for each of `durationBoundsMs`, and one for those that took longer. */
  readonly durations: readonly number[]
  readonly durationSumMs: number
  /** Of bodies of responses, with the framing of chunks. */
  readonly bytesSent: number
  /** Absent without a section `edge`. */
  readonly edge?: EdgeFigures
}

export interface EdgeFigures {
  /** Who has answered, by rules of the configuration, each response once: so there are as many as rules. */
  readonly routes: readonly RouteFigures[]
  /**
   * What was refused, by why: the words are those of edge/refusals/reasons.ts. Requests, and connections that were refused before
   * there was any, or cut off past their answer.
   */
  readonly refusals: Readonly<Record<string, number>>
  /** Absent without a cache. */
  readonly cache?: CacheCounts
  readonly upstreams: readonly UpstreamFigures[]
}

export interface RouteFigures {
  /** `static`, `cache`, `proxy`, `redirect`, `application`, `refusal`. */
  readonly step: string
  /** The rule of the step, as in the configuration: `/static`; empty where a step has none. */
  readonly rule: string
  readonly requests: number
}

export interface CacheCounts {
  readonly hits: number
  /** Of the hits: not fresh any more. */
  readonly stale: number
  readonly misses: number
  /** Requests that went past the cache. */
  readonly passes: number
  /** Of now. */
  readonly addresses: number
  /** Of now. */
  readonly bytes: number
}

export interface UpstreamFigures {
  /** The path of its rule: `/api`. */
  readonly rule: string
  readonly url: string
  /** Of now; of several workers: all of them find it healthy. */
  readonly isHealthy: boolean
  /** Of now. */
  readonly inFlight: number
  readonly requests: number
  readonly failures: number
}

/** What `figures` of the control socket answers. */
export interface TreeFigures {
  /** ISO 8601. */
  readonly time: string
  readonly apps: readonly AppFigures[]
  readonly workers: readonly NamedFigures[]
  readonly sockets: readonly SocketFigures[]
  readonly supervisor: ProcessFigures
}

/** Of all workers that an application has had, also of those that have ended: so the sums do not fall with a reload. */
export interface AppFigures extends WorkerFigures {
  readonly app: string
  /** Workers that became ready. */
  readonly starts: number
  /** Workers that ended without being asked to. */
  readonly deaths: number
}

/** Of a worker that lives. */
export interface NamedFigures extends WorkerFigures {
  /** `web:0` */
  readonly worker: string
  readonly app: string
  readonly pid: number
}

/** The queue of the kernel before a listen socket. */
export interface SocketFigures {
  readonly app: string
  readonly address: string
  /** Connections that no worker has accepted yet; undefined where the system does not tell. */
  readonly waiting: number | undefined
  readonly backlog: number
}

export interface ProcessFigures {
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly openFds: number
}
