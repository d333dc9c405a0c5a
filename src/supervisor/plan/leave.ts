/**
 * Groups that a reload takes away. A program that others depend on goes when they have become what they are to be: until then
 * they serve with it, and if their new code does not come up, they serve on with it.
 */
import type { Fleet, Group } from '../fleet.ts'
import { beginDrain } from './drain.ts'
import { isEnding } from './spawn.ts'
import { rest } from './states.ts'
import type { Turn } from './turn.ts'

/** Takes groups away, or lets them stay until nobody needs them. */
export function dismiss(turn: Turn, dismissed: readonly Group[]): void {
  const needed = dismissed.filter(group => group.spec.program && isNamed(turn.fleet, group))
  for (const group of dismissed) {
    if (needed.includes(group)) group.isLeaving = true
    else remove(turn, group)
  }
}

/** Ends what is needed no more. */
export function endLeaving(turn: Turn): void {
  const { fleet } = turn
  if (isEnding(fleet)) return
  for (const group of fleet.groups.values()) {
    if (!group.isLeaving || group.rollout || isNamed(fleet, group) || hasOldWays(fleet)) continue
    remove(turn, group)
    turn.actions.push({ do: 'forget' })
  }
}

/** The settings in force of another name it. */
function isNamed({ groups }: Fleet, { spec: { name } }: Group): boolean {
  return [...groups.values()].some(({ spec }) => spec.dependsOn !== undefined && Object.hasOwn(spec.dependsOn, name))
}

/** Somebody still ends who was made by settings that are not in force any more: they may have named it. */
function hasOldWays({ groups, children }: Fleet): boolean {
  return [...children.values()].some(({ group: name, generation }) => {
    const group = groups.get(name)
    return group === undefined || generation < group.generation
  })
}

function remove(turn: Turn, group: Group): void {
  turn.fleet.groups.delete(group.spec.name)
  for (const slot of group.slots) {
    for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'removed', group.spec)
    rest(turn, group, slot, 'STOPPED', 'removed')
  }
}
