import type { TaskEngine } from '../engine/task-engine.ts'

export type StrayEngine = Pick<TaskEngine, 'list' | 'giveBack'>

/**
 * Gives back what this session has in the store and this process knows nothing of: a claim whose answer was lost may have been
 * carried out. Nobody else would, as long as the session goes on. Returns how many.
 */
export async function returnStrays(
  engine: StrayEngine,
  worker: string,
  isKnown: (id: string) => boolean,
): Promise<number> {
  let cursor: string | undefined
  let returned = 0
  do {
    const page = await engine.list({
      states: ['active'],
      limit: 1_000,
      textBytesMax: 0,
      ...(cursor === undefined ? {} : { cursor }),
    })
    const strays = page.jobs.flatMap(({ id, token, worker: of }) =>
      of === worker && token !== undefined && !isKnown(id) ? { id, token } : [],
    )
    if (strays.length > 0) await engine.giveBack(worker, strays)
    returned += strays.length
    cursor = page.cursor
  } while (cursor !== undefined)
  return returned
}
