import { setTimeout as pause } from 'node:timers/promises'

/** Waits for the work, but no longer than so many milliseconds: then the work goes on, and undefined is returned. */
export async function within<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
  const timer = new AbortController()
  const late = pause(ms, undefined, { signal: timer.signal }).catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}
