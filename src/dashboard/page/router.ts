/** Where one is: `#/logs?source=web:0`. The part behind the page is kept by the page itself. */
import { observable } from './observable.ts'
import { useObserved } from './use-observed.ts'

export interface Route {
  /** `logs` */
  readonly page: string
  readonly query: URLSearchParams
}

// Not yet read: there may be a token in it.
const route = observable<Route>(parseHash(''))

export function startRouter(): void {
  const look = () => route.set(parseHash(location.hash))
  addEventListener('hashchange', look)
  look()
}

export function useRoute(): Route {
  return useObserved(route, current => current)
}

/** `hrefOf('logs', { source: 'web:0' })` → `#/logs?source=web%3A0`. */
export function hrefOf(page: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString()
  return `#/${page}${text && `?${text}`}`
}

export function goTo(page: string, query?: Readonly<Record<string, string>>): void {
  location.hash = hrefOf(page, query)
}

/** Changes the query without a step in the history: for filters. */
export function replaceQuery(query: Readonly<Record<string, string>>): void {
  history.replaceState(null, '', hrefOf(route.get().page, query))
  route.set(parseHash(location.hash))
}

function parseHash(hash: string): Route {
  const [page = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  return { page, query: new URLSearchParams(query) }
}
