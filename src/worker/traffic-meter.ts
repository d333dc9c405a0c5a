import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { bucketOf, durationBoundsMs } from '../base/durations.ts'
import type { Edge } from '../edge/edge.ts'
import { statusOfAnswer } from '../edge/refusals/refuse.ts'
import type { WorkerFigures } from '../ipc/figures.ts'

type Answered = Pick<ServerResponse | Http2ServerResponse, 'statusCode' | 'headersSent'>

const classes = 5

/**
 * Counts what a worker has answered. It is told of each request, of which Node serves one in 10 µs: so it only adds to
 * numbers that are there, and makes objects of them when it is asked.
 */
export class TrafficMeter {
  // Whole numbers are exact in these up to 2^53, and no addition makes an object.
  readonly #responses = new Float64Array(classes)
  readonly #durations = new Float64Array(durationBoundsMs.length + 1)
  readonly #sums = new Float64Array(2)
  /** Undefined where the application's own server takes the connections. */
  edge: Pick<Edge, 'counts' | 'figures'> | undefined

  /** A response has closed. One whose client has left before is no response. */
  count(res: Answered, durationMs: number, bytes: number): void {
    const status = statusOfAnswer(res)
    this.edge?.counts.countAnswer(res, status !== undefined)
    if (status !== undefined) this.#add(status, durationMs, bytes)
  }

  /** The handshake of a WebSocket has been answered. */
  countHandshake(req: object, status: number, durationMs: number): void {
    this.edge?.counts.countHandshake(req)
    this.#add(status, durationMs, 0)
  }

  /** What it has counted since it was made. */
  figures(): WorkerFigures {
    const [durationSumMs = 0, bytesSent = 0] = this.#sums
    return {
      responses: [...this.#responses],
      durations: [...this.#durations],
      durationSumMs,
      bytesSent,
      ...(this.edge && { edge: this.edge.figures() }),
    }
  }

  #add(status: number, durationMs: number, bytes: number): void {
    const group = Math.min(Math.max(Math.trunc(status / 100), 1), classes) - 1
    this.#responses[group] = (this.#responses[group] ?? 0) + 1
    const bucket = bucketOf(durationMs)
    this.#durations[bucket] = (this.#durations[bucket] ?? 0) + 1
    this.#sums[0] = (this.#sums[0] ?? 0) + durationMs
    this.#sums[1] = (this.#sums[1] ?? 0) + bytes
  }
}
