/** The time for all that shows how long ago something was: one timer for the page, which stands still while nobody sees it. */
import { observable } from './observable.ts'
import { nextOffset } from './times.ts'
import { useObserved } from './use-observed.ts'

/** By the clock of the browser. */
const own = observable(Date.now())
/** So much later it is by the clock of the server, which wrote nearly all times that are shown. */
let offsetMs = 0

export function startClock(): void {
  const look = () => {
    if (!document.hidden) own.set(Date.now())
  }
  setInterval(look, 1_000)
  document.addEventListener('visibilitychange', look)
}

/** News have come from the server: what time it was there when they were sent. */
export function setServerTime(at: number): void {
  offsetMs = nextOffset(offsetMs, at - Date.now())
}

/** The present by the clock of the server, as far as it is known. */
export function serverNow(): number {
  return Date.now() + offsetMs
}

/** What `select` makes of the present by the clock of the server: drawn again only when that changes. */
export function useNow<Selected>(select: (now: number) => Selected): Selected {
  return useObserved(own, now => select(now + offsetMs))
}

/** The same by the clock of the browser: for times that the page itself has written. */
export function useOwnNow<Selected>(select: (now: number) => Selected): Selected {
  return useObserved(own, select)
}
