/** The state of a tree as the page has it: times instead of ages, so that what does not change need not be sent again. */
import type { ChildStatus, TreeStatus } from '../../control/operations.ts'
import type { ChildView, TreeView } from '../api.ts'

/** A worker tells its figures every second; what is much older is of one that is blocked. */
const silentMs = 2_500
/** An age is measured anew with each look, and so a time that is made of it moves a little. */
const sameMs = 1_500

export function treeView(status: TreeStatus, at: number, last: TreeView | undefined): TreeView {
  const { name, pid, state, generation, configFile, lastReload, apps, cron = [] } = status
  const startedAt = steady(at - status.uptimeMs, last?.startedAt)
  return { name, pid, state, startedAt, generation, configFile, lastReload, apps, cron }
}

/** A name and a pid: two have one name while one replaces the other. */
export function idOf({ name, pid }: Pick<ChildStatus, 'name' | 'pid'>): string {
  return `${name}@${pid ?? ''}`
}

export function childView(
  child: ChildStatus,
  {
    at,
    last,
    requestsPerSecond,
  }: { readonly at: number; readonly last: ChildView | undefined; readonly requestsPerSecond: number | undefined },
): ChildView {
  const { uptimeMs, beatAgeMs, ...rest } = child
  const startedAt = child.pid === undefined ? undefined : steady(at - uptimeMs, last?.startedAt)
  // A program tells nothing by itself: it is looked at from outside, and seldom.
  const isSilent = child.kind !== 'program' && beatAgeMs > silentMs
  const silentSince = isSilent ? steady(at - beatAgeMs, last?.silentSince) : undefined
  return { ...rest, id: idOf(child), startedAt, silentSince, requestsPerSecond }
}

function steady(time: number, last: number | undefined): number {
  return last !== undefined && Math.abs(time - last) < sameMs ? last : Math.round(time)
}

/** Whether a page that has seen one need not be told the other. Both are plain data. */
export function isSameView(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every(key => isSameView(left[key], right[key]))
}
