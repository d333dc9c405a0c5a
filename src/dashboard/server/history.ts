/** The past of a tree for charts: ten minutes by the second, two hours, and a day. */
import type { TreeEvent } from '../../control/operations.ts'
import type { History, HistorySpan, Mark } from '../api.ts'
import type { Look } from './look.ts'
import { markOf } from './marks.ts'
import { Ring, type RingShape } from './ring.ts'

const shapes: Readonly<Record<HistorySpan, RingShape>> = {
  '10m': { stepMs: 1_000, steps: 600 },
  '2h': { stepMs: 10_000, steps: 720 },
  '24h': { stepMs: 120_000, steps: 720 },
}
/** The oldest go first. */
const marksMax = 500

export class TreeHistory {
  readonly #rings = new Map(
    Object.entries(shapes).map(([span, shape]) => [span as HistorySpan, new Ring(shape)] as const),
  )
  readonly #marks: Mark[] = []

  record(look: Look): void {
    for (const ring of this.#rings.values()) ring.record(look)
  }

  note(event: TreeEvent): void {
    const mark = markOf(event)
    if (!mark) return
    this.#marks.push(mark)
    if (this.#marks.length > marksMax) this.#marks.shift()
  }

  read(span: HistorySpan): History {
    const { stepMs, steps } = shapes[span]
    const ring = this.#rings.get(span) ?? new Ring(shapes[span])
    const read = ring.read()
    const from = (read.at.at(-1) ?? 0) - steps * stepMs
    return { span, ...read, marks: this.#marks.filter(({ at }) => at >= from) }
  }
}
