/** Asks everybody at once, and waits for nobody longer than a second. */
import type { Look, MetricsSources, SourceName } from './look.ts'
import type { MinReady } from './min-ready.ts'
import { within } from './within.ts'

// What blocks the owner of the store or the supervisor must not make Prometheus give up on all the rest.
const limitMs = 1_000

export interface Clock {
  /** Milliseconds since 1970. */
  readonly date: () => number
  /** Milliseconds that only grow. */
  readonly now: () => number
}

/** @throws {Error} when the supervisor does not say how the tree is: without that there is nothing to tell. */
export async function takeLook(sources: MetricsSources, minReady: MinReady, clock: Clock): Promise<Look> {
  const begun = clock.now()
  const { tasks } = sources
  const [status, figures, store, taskFigures] = await Promise.all([
    within(limitMs, () => sources.status()),
    ifAnswered(() => sources.figures()),
    ifAnswered(() => sources.store()),
    tasks && ifAnswered(tasks),
  ])
  const problems: Partial<Record<SourceName, boolean>> = {
    figures: figures === undefined,
    store: store === undefined,
    ...(tasks && { tasks: taskFigures === undefined }),
  }
  return {
    status,
    figures,
    store,
    tasks: taskFigures,
    problems,
    minReady,
    lookMs: clock.now() - begun,
    at: clock.date(),
  }
}

/** Who does not answer is left out, and told of as `saola_scrape_problems`. */
async function ifAnswered<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  return within(limitMs, ask).catch(() => undefined)
}
