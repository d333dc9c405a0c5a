/** What is shown of a stream of lines, and what is held back while it is paused. Pure. */
import { appendLines, type ShownLine } from './log-lines.ts'

export interface LogView {
  readonly lines: readonly ShownLine[]
  readonly isPaused: boolean
  /** What has come since it was paused. */
  readonly held: readonly ShownLine[]
  /** So many of them are new: a stream that begins again repeats what is here already. */
  readonly heldCount: number
  /** The stream has begun again: what comes of it takes the place of what is shown. */
  readonly isAnew: boolean
}

export const emptyLogView: LogView = { lines: [], isPaused: false, held: [], heldCount: 0, isAnew: false }

/** At most `linesMax` are shown, and as many held, the latest. */
export function addLines(view: LogView, added: readonly ShownLine[], linesMax: number): LogView {
  if (!view.isPaused) {
    return { ...view, lines: appendLines(view.isAnew ? [] : view.lines, added, linesMax), isAnew: false }
  }
  const lastAt = view.lines.at(-1)?.at ?? 0
  const fresh = view.isAnew ? added.filter(({ at }) => at > lastAt) : added
  return {
    ...view,
    held: appendLines(view.held, added, linesMax),
    heldCount: view.heldCount + fresh.length,
  }
}

/** A stream that begins again begins with lines that are here already; until they come, and while it is paused, what is read stays. */
export function beginAnew(view: LogView): LogView {
  return { ...view, held: [], heldCount: 0, isAnew: true }
}

export function pause(view: LogView): LogView {
  return { ...view, isPaused: true }
}

export function goOn(view: LogView, linesMax: number): LogView {
  const going = { ...view, isPaused: false, held: [], heldCount: 0 }
  return view.held.length === 0 ? going : addLines(going, view.held, linesMax)
}

export function clearLines({ isPaused }: LogView): LogView {
  return { ...emptyLogView, isPaused }
}
