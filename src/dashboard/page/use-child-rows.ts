import { useRef } from 'preact/hooks'
import type { ChildView } from '../api.ts'
import type { ChildRow } from './parts/child-rows.ts'

/** Rows of children: the same object as before for each of which nothing has changed, so that only the others are drawn again. */
export function useChildRows(children: readonly ChildView[], open: ReadonlySet<string>): readonly ChildRow[] {
  const before = useRef<ReadonlyMap<string, ChildRow>>(new Map())
  const total = children.reduce((sum, { requestsPerSecond }) => sum + (requestsPerSecond ?? 0), 0)
  const rows = children.map(child => {
    const share = total > 0 ? (child.requestsPerSecond ?? 0) / total : 0
    const row: ChildRow = { child, share, isOpen: open.has(child.id) }
    const old = before.current.get(child.id)
    return old && old.child === child && old.share === share && old.isOpen === row.isOpen ? old : row
  })
  before.current = new Map(rows.map(row => [row.child.id, row]))
  return rows
}
