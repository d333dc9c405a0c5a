import type { ChildState, ChildStatus } from '../ipc/status.ts'

const ranks: Readonly<Record<ChildState, number>> = {
  RUNNING: 0,
  STARTING: 1,
  STOPPING: 2,
  BACKOFF: 3,
  EXITED: 4,
  FATAL: 5,
  STOPPED: 6,
}

/**
 * One process for each name: while one replaces another both have it, and Prometheus takes a series once. It is the one that serves;
 * so the old one is told of until the new one is ready.
 */
export function residentsOf(children: readonly ChildStatus[]): ChildStatus[] {
  const byName = new Map<string, ChildStatus>()
  for (const child of children) {
    const other = byName.get(child.name)
    if (!other || isBefore(child, other)) byName.set(child.name, child)
  }
  return [...byName.values()]
}

function isBefore(child: ChildStatus, other: ChildStatus): boolean {
  const difference = ranks[child.state] - ranks[other.state]
  return difference < 0 || (difference === 0 && child.generation > other.generation)
}
