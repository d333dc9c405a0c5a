/** A program, and the numbers that supervisord orders it by. */
export interface Ordered {
  /** Its own `priority`. */
  readonly own: number | undefined
  /** Of the `[group:x]` that it is in; undefined when it is in none. */
  readonly group: number | undefined
}

const priorityDefault = 999
const priorityMax = 9_999

/**
 * supervisord orders groups, and then programs within a group; Saola has one number for each program. These are the numbers
 * that keep the order: the programs' own if they do, else those of their groups, else new ones. The default is undefined.
 */
export function choosePriorities(programs: readonly Ordered[]): (number | undefined)[] {
  const keys = programs.map(({ own = priorityDefault, group }) => [group ?? own, own] as const)
  const own = keys.map(([, number]) => number)
  const ofGroups = keys.map(([number]) => number)
  const order = [...new Map(keys.map(key => [key.join(), key])).values()].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const ranks = new Map(order.map((key, index) => [key.join(), (index + 1) * (order.length < 900 ? 10 : 1)]))
  const byRank = keys.map(key => ranks.get(key.join()) ?? priorityDefault)
  const chosen = [own, ofGroups].find(numbers => keepsOrder(numbers, keys, order)) ?? byRank
  return chosen.map(number => (number === priorityDefault ? undefined : number))
}

type Key = readonly [group: number, own: number]

/** Programs that supervisord treats alike have one number, and those of the next have a larger one. */
function keepsOrder(numbers: readonly number[], keys: readonly Key[], order: readonly Key[]): boolean {
  const byKey = new Map(keys.map((key, index) => [key.join(), numbers[index] ?? priorityDefault]))
  const inOrder = order.map(key => byKey.get(key.join()) ?? priorityDefault)
  const isRising = inOrder.every((number, index) => index === 0 || number > (inOrder[index - 1] ?? 0))
  const isSame = keys.every((key, index) => byKey.get(key.join()) === numbers[index])
  return isRising && isSame && numbers.every(number => number >= 0 && number <= priorityMax)
}
