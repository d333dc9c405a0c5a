import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiError } from '../api-client.ts'
import { ErrorState, LoadingState } from './conditions.tsx'

const later: (() => Promise<void>)[] = []

/** A page whose code is fetched when it is first shown, or when nothing else is to be done: over a slow link, the first is there sooner. */
export function lazyPage(load: () => Promise<ComponentType>): ComponentType {
  let loaded: ComponentType | undefined
  const fetchIt = async () => {
    loaded ??= await load()
  }
  later.push(fetchIt)
  return function LazyPage() {
    const [, redraw] = useState(0)
    const [hasFailed, setFailed] = useState(false)
    useEffect(() => {
      if (loaded) return
      fetchIt().then(
        () => redraw(1),
        () => setFailed(true),
      )
    }, [])
    const Page = loaded
    if (Page) return <Page />
    return hasFailed ? <ErrorState error={gone} onRetry={() => location.reload()} /> : <LoadingState what="the page" />
  }
}

/** Fetches the code of all pages, one after the other. */
export async function fetchPages(): Promise<void> {
  // What fails is tried again when the page is shown, and told there.
  for (const fetchIt of later.splice(0)) await fetchIt().catch(() => {})
}

/** Its file has the name of another version, or cannot be had. */
const gone = new ApiError('This part of the dashboard could not be loaded. It may be of another version by now.', {
  code: 'PAGE',
  status: 0,
  problems: [],
})
