/**
 * Where a list begins and ends, for list-items.ts.
 *
 * The problem: to push or to pop, the first or last position was looked for with each statement, as dear as the change itself.
 * The idea: while the elements of a list lie side by side, a push and a pop move an end by one step, so the owner remembers both
 * ends with the key, and forgets them with it: after a rollback, or when another name or another content takes its place.
 *
 * The limit: whatever leaves a hole, or puts something between two, ends that until the ends are looked for again.
 */
import type { Entry, Keyspace, ListEnds } from '../database/keyspace.ts'

/** From one element to the next. */
export const step = 1024

/** For a change of an end; null when elements do not lie side by side. Not looked for after a change that is not counted yet. */
export function endsFor(keyspace: Keyspace, entry: Entry): ListEnds | null {
  if (entry.ends === undefined) entry.ends = entry.size === 0 ? { first: 0, last: -step } : look(keyspace, entry)
  return entry.ends
}

/** The ends, if all elements lie side by side; the list has some. Must not be asked for between a change and its count. */
export function endsOf(keyspace: Keyspace, entry: Entry): ListEnds | null {
  entry.ends ??= look(keyspace, entry)
  return entry.ends
}

/** What lies between these positions, both included, goes. */
export function cutEnds(entry: Entry, from: number, to: number): void {
  const { ends } = entry
  if (ends && from <= ends.first && to < ends.last) {
    ends.first = Math.max(ends.first, (Math.floor(to / step) + 1) * step)
  } else if (ends && to >= ends.last && from > ends.first) {
    ends.last = Math.min(ends.last, (Math.ceil(from / step) - 1) * step)
  } else entry.ends = null
}

/** There may be holes from now on, or elements between two steps. */
export function forgetEnds(entry: Entry): void {
  // Not undefined: they would be looked for before the change is counted, and a hole be taken for an element.
  entry.ends = null
}

function look(keyspace: Keyspace, { id, size }: Entry): ListEnds | null {
  const [first, last, isUneven] = keyspace
    .sql(
      `SELECT (SELECT min(position) FROM items WHERE id = ?1), (SELECT max(position) FROM items WHERE id = ?1),
       EXISTS (SELECT 1 FROM items INDEXED BY items_uneven WHERE id = ?1 AND (position & 1023) <> 0)`,
    )
    .get(id) as unknown as [number | null, number, number]
  return first !== null && isUneven === 0 && last - first === (size - 1) * step ? { first, last } : null
}
