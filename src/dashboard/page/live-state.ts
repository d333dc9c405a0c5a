/** What the page knows of the tree, and how it changes with what comes over /api/live. Pure: live.ts has the connection. */
import type { ChildView, Hello, Sample, Tick, TreeEvent, TreeView } from '../api.ts'

export interface LiveView {
  readonly tree: TreeView
  /** In the order of the server: a child that has not changed is the same object as before. */
  readonly children: readonly ChildView[]
  readonly sample: Sample
  /** The oldest first, at most `eventsMax`. */
  readonly events: readonly TreeEvent[]
  /** Of the latest news, by the clock of the server. */
  readonly at: number
}

export interface LiveState {
  readonly phase: 'connecting' | 'live' | 'disconnected'
  /** By our clock. */
  readonly phaseSince: number
  /** When disconnected: when it is tried again, by our clock. */
  readonly retryAt: number | undefined
  /** The last that was known, also while disconnected. */
  readonly view: LiveView | undefined
}

export const eventsMax = 200

export function viewOfHello({ at, tree, children, sample, events }: Hello): LiveView {
  return { at, tree, children: inOrder(children), sample, events: events.slice(-eventsMax) }
}

export function applyTick(view: LiveView, { at, tree, changed, gone, sample }: Tick): LiveView {
  return { ...view, at, sample, tree: tree ?? view.tree, children: applyChildren(view.children, changed, gone) }
}

export function applyEvent(view: LiveView, event: TreeEvent): LiveView {
  return { ...view, events: [...view.events, event].slice(-eventsMax) }
}

function applyChildren(
  children: readonly ChildView[],
  changed: readonly ChildView[],
  gone: readonly string[],
): readonly ChildView[] {
  if (changed.length === 0 && gone.length === 0) return children
  const byId = new Map(children.map(child => [child.id, child]))
  for (const id of gone) byId.delete(id)
  for (const child of changed) byId.set(child.id, child)
  return inOrder([...byId.values()])
}

/** By kind, group and place; of two in one place, the newer one first, which serves while the other drains. */
function inOrder(children: readonly ChildView[]): readonly ChildView[] {
  return [...children].sort(
    (one, other) =>
      kinds.indexOf(one.kind) - kinds.indexOf(other.kind) ||
      compareNames(one.app, other.app) ||
      one.index - other.index ||
      other.generation - one.generation ||
      (other.startedAt ?? 0) - (one.startedAt ?? 0),
  )
}

const kinds = ['web', 'tasks', 'program', 'store', 'monitor']

function compareNames(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** Its state in the word that is shown for it. */
export function stateWord({ state, silentSince }: Pick<ChildView, 'state' | 'silentSince'>): string {
  if (state === 'STOPPING') return 'draining'
  return state === 'RUNNING' && silentSince !== undefined ? 'silent' : state.toLowerCase()
}

/** A process that ends while another one has its place already, or will: it answers what it has begun. */
export function isDraining(child: ChildView): boolean {
  return child.state === 'STOPPING'
}
