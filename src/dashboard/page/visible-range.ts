export interface Seen {
  readonly top: number
  readonly height: number
}

export interface Rows {
  readonly count: number
  readonly rowHeightPx: number
  /** Drawn beyond both edges. */
  readonly rowsBeyond: number
}

/** So many items went from the front of a list that has moved on, as one that is full does; 0 when it is another one. */
export function goneFromFront<Item>(before: readonly Item[], after: readonly Item[]): number {
  const gone = after.length === 0 ? -1 : before.indexOf(after[0] as Item)
  const kept = before.length - gone
  const hasMovedOn = gone > 0 && kept <= after.length && after[kept - 1] === before.at(-1)
  return hasMovedOn ? gone : 0
}

/** The rows of a list that are to be drawn: from `first` up to, and without, `end`. */
export function visibleRange({ top, height }: Seen, { count, rowHeightPx, rowsBeyond }: Rows) {
  // A list that has become shorter is still scrolled to where it is no more.
  const lastTop = Math.max(0, count * rowHeightPx - height)
  const from = Math.floor(Math.min(top, lastTop) / rowHeightPx)
  const rows = Math.ceil(height / rowHeightPx) + 1
  return { first: Math.max(0, from - rowsBeyond), end: Math.min(count, from + rows + rowsBeyond) }
}
