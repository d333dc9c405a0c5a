import { useEffect, useState } from 'preact/hooks'

export interface Pages {
  /** Where this page begins; undefined: the first one. */
  readonly after: string | undefined
  /** From 1 on. */
  readonly number: number
  goOn(next: string): void
  goBack(): void
}

/** Goes through pages of which each knows only the next: those before are remembered. With another `of` it begins anew. */
export function usePages(of: string): Pages {
  const [kept, setKept] = useState<{ readonly of: string; readonly places: readonly string[] }>({ of, places: [] })
  const places = kept.of === of ? kept.places : []
  useEffect(() => {
    if (kept.of !== of) setKept({ of, places: [] })
  }, [of])
  return {
    after: places.at(-1),
    number: places.length + 1,
    goOn: next => setKept({ of, places: [...places, next] }),
    goBack: () => setKept({ of, places: places.slice(0, -1) }),
  }
}
