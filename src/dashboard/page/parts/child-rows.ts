import type { ChildView } from '../../api.ts'

/** A child in a table; another object whenever anything in its row is another. */
export interface ChildRow {
  readonly child: ChildView
  /** Its part of the requests of its application, from 0 to 1. */
  readonly share: number
  /** What does not fit into the row is shown below it. */
  readonly isOpen: boolean
}
