/**
 * Who ends before whom when a tree stops: by kind, then who depends on another, if only by way of one between that does not run,
 * then by priority.
 *
 * A circle in it would be a tree that never ends. Configurations have none, but what was reloaded by half has settings of two,
 * which may contradict each other. So priorities are those of the settings in force, and those that depend on each other end together.
 */
import type { GroupSpec } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'

type Named = Pick<GroupSpec, 'kind' | 'name'>
type Member = Pick<GroupSpec, 'name' | 'dependsOn' | 'program'>
type Needs = ReadonlyMap<string, ReadonlySet<string>>

/** Of a group that is not among the members, because it was removed, only the kind counts. */
export function endOrder(members: readonly Member[]): (one: Named, other: Named) => boolean {
  const needs = needsOf(members)
  const priorities = prioritiesBy(needs, members)
  return (one, other) => {
    const [first, second] = [traitsOf(one).endsAs, traitsOf(other).endsAs]
    if (first !== second) return first < second
    const [needed, neededByOther] = [needs.get(one.name), needs.get(other.name)]
    if (!needed || !neededByOther) return false
    const isNeeding = needed.has(other.name)
    if (isNeeding !== neededByOther.has(one.name)) return isNeeding
    return (priorities.get(one.name) ?? 0) > (priorities.get(other.name) ?? 0)
  }
}

/**
 * The priorities of programs, each at most that of whoever depends on it: so this order, in which lower ones start first and stop
 * last, never contradicts that of dependencies.
 */
export function effectivePriorities(members: readonly Member[]): Map<string, number> {
  return prioritiesBy(needsOf(members), members)
}

function prioritiesBy(needs: Needs, members: readonly Member[]): Map<string, number> {
  const own = members.flatMap(({ name, program }) => (program ? [[name, program.priority] as const] : []))
  const priorities = new Map(own)
  for (const [name, priority] of own) {
    for (const needed of needs.get(name) ?? []) {
      const known = priorities.get(needed)
      if (known !== undefined && known > priority) priorities.set(needed, priority)
    }
  }
  return priorities
}

/** All that each of them depends on, directly or by way of others. */
function needsOf(members: readonly Member[]): Needs {
  const direct = new Map(members.map(({ name, dependsOn = {} }) => [name, Object.keys(dependsOn)]))
  return new Map(members.map(({ name }) => [name, reachedFrom(name, direct)]))
}

function reachedFrom(name: string, direct: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>()
  const open = [name]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const needed of direct.get(next) ?? []) {
      if (reached.has(needed)) continue
      reached.add(needed)
      open.push(needed)
    }
  }
  return reached
}
