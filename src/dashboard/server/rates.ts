/** Requests and errors a second of every worker, from looks at the tree that follow each other. */
import type { ChildStatus, NamedFigures } from '../../control/operations.ts'
import { idOf } from './views.ts'

export interface Rate {
  readonly requests: number
  /** Responses of 500 and above. */
  readonly errors: number
}

interface Count extends Rate {
  /** When the worker counted, in milliseconds on the clock of the looks. */
  readonly at: number
  readonly perSecond: Rate | undefined
}

/** Two looks at the same figures differ by the time that the answers took. */
const sameBeatMs = 250
const silentMs = 2_500
const none: Rate = { requests: 0, errors: 0 }

export class Rates {
  #counts = new Map<string, Count>()

  /** Takes in the children as they were at `now`, and forgets those that are gone. */
  update(children: readonly ChildStatus[], figures: readonly NamedFigures[], now: number): void {
    const errors = new Map(
      figures.map(({ worker, pid, responses }) => [idOf({ name: worker, pid }), responses[4] ?? 0]),
    )
    const counts = new Map<string, Count>()
    for (const child of children) {
      // It has not told anything yet.
      if (child.rssBytes === 0) continue
      const id = idOf(child)
      const told = { at: now - child.beatAgeMs, requests: child.requests, errors: errors.get(id) ?? 0 }
      counts.set(id, countOf(told, this.#counts.get(id)))
    }
    this.#counts = counts
  }

  /** Undefined as long as it has told its figures less than twice. */
  of(child: ChildStatus): Rate | undefined {
    const known = this.#counts.get(idOf(child))?.perSecond
    return known !== undefined && child.beatAgeMs > silentMs ? none : known
  }
}

/** Measured from count to count, not from look to look: those may have none between them, or two. */
function countOf(told: Rate & { readonly at: number }, last: Count | undefined): Count {
  if (!last || told.requests < last.requests) return { ...told, perSecond: undefined }
  if (told.at - last.at < sameBeatMs) return last
  const perSecond = (now: number, before: number) => {
    return Math.round((Math.max(0, now - before) * 10_000) / (told.at - last.at)) / 10
  }
  return {
    ...told,
    perSecond: { requests: perSecond(told.requests, last.requests), errors: perSecond(told.errors, last.errors) },
  }
}
