import { type Clock, systemClock } from '../base/clock.ts'

/** A clock that can be waited with. */
export interface Time extends Pick<Clock, 'now'> {
  /** Resolves after this time, or at once when nobody wants to wait any more. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

export const systemTime: Time = {
  now: systemClock.now,
  pause(ms, signal) {
    if (signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      // What is only looked at keeps no tree alive.
      const timer = setTimeout(end, ms).unref()
      signal.addEventListener('abort', end, { once: true })
    })
  },
}
