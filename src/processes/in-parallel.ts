/** Work for many items at once: as much as keeps a connection busy, and not more than memory should hold. */

export interface ParallelOptions<Item> {
  /** Items under way at most. */
  readonly countMax: number
  /** What all of them may weigh together. One that is heavier than that is done alone. */
  readonly weightMax: number
  readonly weightOf: (item: Item) => number
}

/**
 * Begins the work for each item in their order, and resolves when all of it is done. After a failure nothing more is begun.
 *
 * ```ts
 * await inParallel(keys, { countMax: 256, weightMax: 4_000_000, weightOf: ({ bytes }) => bytes }, key => copyKey(key))
 * ```
 *
 * @throws the first failure, once all that had begun has ended.
 */
export async function inParallel<Item>(
  items: AsyncIterable<Item>,
  { countMax, weightMax, weightOf }: ParallelOptions<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  let count = 0
  let weight = 0
  let ended = Promise.withResolvers<void>()
  const run = async (item: Item, own: number) => {
    count++
    weight += own
    try {
      await work(item)
    } catch (error) {
      failures.push(error)
    }
    count--
    weight -= own
    ended.resolve()
  }
  const untilOneEnds = async () => {
    ended = Promise.withResolvers()
    await ended.promise
  }
  try {
    for await (const item of items) {
      const own = Math.min(weightOf(item), weightMax)
      while (count > 0 && (count >= countMax || weight + own > weightMax)) await untilOneEnds()
      if (failures.length > 0) break
      void run(item, own)
    }
  } catch (error) {
    failures.push(error)
  }
  while (count > 0) await untilOneEnds()
  if (failures.length > 0) throw failures[0]
}

let next: Promise<void> | undefined

/** Resolves soon: all that wait for it go on in the same turn, and what they send then goes in one write. */
export function nextTurn(): Promise<void> {
  next ??= new Promise(resolve => {
    setImmediate(() => {
      next = undefined
      resolve()
    })
  })
  return next
}

/** Items in groups of so many, the last one smaller. */
export async function* inGroups<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let group: Item[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
