import type { ChildStatus } from '../control/operations.ts'
import { hasBeat } from './status-view.ts'

interface Sample {
  /** When the worker counted, in milliseconds on the monotonic clock. */
  readonly at: number
  readonly requests: number
  readonly perSecond: number | undefined
}

// Workers tell their figures every second; what is much older is of one that is blocked.
const staleMs = 2_500
// Two looks at the same figures differ by the time that the answers took.
const sameBeatMs = 250

/** Requests a second of every worker, from looks at the tree that follow each other. */
export class RequestRates {
  #samples = new Map<string, Sample>()

  /** Takes in the children as they were at `now`, and forgets those that are gone. */
  update(children: readonly ChildStatus[], now: number): void {
    const samples = new Map<string, Sample>()
    for (const child of children) {
      if (!hasBeat(child)) continue
      const key = keyOf(child)
      samples.set(key, sampleOf(child, now, this.#samples.get(key)))
    }
    this.#samples = samples
  }

  /** Undefined as long as the worker has told its figures less than twice. */
  of(child: ChildStatus): number | undefined {
    const known = this.#samples.get(keyOf(child))?.perSecond
    return child.beatAgeMs > staleMs ? 0 : known
  }
}

function sampleOf({ requests, beatAgeMs }: ChildStatus, now: number, last: Sample | undefined): Sample {
  // Measured from count to count, not from look to look: those may have none between them, or two.
  const at = now - beatAgeMs
  if (!last || requests < last.requests) return { at, requests, perSecond: undefined }
  if (at - last.at < sameBeatMs) return last
  return { at, requests, perSecond: ((requests - last.requests) * 1_000) / (at - last.at) }
}

function keyOf({ name, pid }: ChildStatus): string {
  return `${name}@${pid}`
}
