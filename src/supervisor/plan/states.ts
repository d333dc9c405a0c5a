/**
 * How processes and places go from one state to the next. Nobody else sets one: so every change is told once, and begins where
 * the one before it has ended (`saola events`). A place is told of while nobody lives in it; else its processes are.
 */
import type { ChildState, StateChange } from '../../ipc/status.ts'
import { type Child, type Fleet, type Group, nameOf, type Slot } from '../fleet.ts'
import type { Turn } from './turn.ts'

type EmptyState = Slot['emptyState']

/** A process that lives is in another state from now on. */
export function enter(turn: Turn, child: Child, to: Exclude<ChildState, EmptyState>, reason?: string): void {
  tell(turn, child, { from: child.state, to, reason })
  child.state = to
}

/** A process begins, in a place where it may be alone or not. It is not in the fleet yet. */
export function tellBegin(turn: Turn, child: Child, slot: Slot): void {
  const from = isOccupied(turn.fleet, child.group, child.index) ? 'STOPPED' : slot.emptyState
  slot.emptyState = 'STOPPED'
  tell(turn, child, { from, to: 'STARTING', reason: undefined })
}

/** A process has ended. It is not in the fleet any more. */
export function tellEnd(turn: Turn, child: Child, to: EmptyState, reason: string): void {
  tell(turn, child, { from: child.state, to, reason })
}

/** What a place without a process of its own is from now on. One that is just left by another process is told with its end. */
export function rest(turn: Turn, group: Group, slot: Slot, to: EmptyState, reason: string): void {
  const from = slot.emptyState
  if (from === to) return
  slot.emptyState = to
  const { kind, name: app } = group.spec
  if (isOccupied(turn.fleet, app, slot.index)) return
  const name = nameOf({ group: app, index: slot.index })
  const change = { name, kind, app, pid: undefined, generation: group.generation, from, to, reason }
  turn.actions.push({ do: 'state', id: undefined, change })
}

function tell(turn: Turn, child: Child, step: Pick<StateChange, 'from' | 'to' | 'reason'>): void {
  const { id, kind, group: app, pid, generation } = child
  turn.actions.push({ do: 'state', id, change: { name: nameOf(child), kind, app, pid, generation, ...step } })
}

/** A process lives in this place, if only to its end. */
export function isOccupied({ children }: Fleet, group: string, index: number): boolean {
  for (const child of children.values()) if (child.group === group && child.index === index) return true
  return false
}
