import { live } from './live.ts'
import type { LiveState, LiveView } from './live-state.ts'
import { useObserved } from './use-observed.ts'

/** A part of what is known of the tree; undefined until the first news. Drawn again only when that part is another one. */
export function useLive<Selected>(select: (view: LiveView) => Selected): Selected | undefined {
  return useObserved(live, ({ view }) => view && select(view))
}

export function useLivePhase(): LiveState['phase'] {
  return useObserved(live, ({ phase }) => phase)
}
