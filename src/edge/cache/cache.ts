import { targetRulesOf } from '../canonical/target.ts'
import type { CacheCounts } from '../edge-counts.ts'
import type { Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import type { EdgeServices } from '../services.ts'
import type { Purge } from './purges.ts'

/** What the control socket asks of the cache of each worker. */
export type CacheQuestion = { readonly do: 'purge'; readonly purge: Purge } | { readonly do: 'stats' }

/** What one worker's cache has done since it began. */
export type CacheStats = CacheCounts

/** The step that keeps answers; undefined without rules. Only then is it loaded, and the store with it. */
export async function createCache({ cache, paths }: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  if (cache.rules.length === 0) return undefined
  const { openCache } = await import('./edge-cache.ts')
  return openCache({ cache, target: targetRulesOf(paths) }, services)
}
