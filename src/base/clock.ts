/**
 * Time as an argument. Deadlines are measured on the monotonic clock, so that a changed wall clock kills nobody;
 * the wall clock is for people and logs only.
 */
export interface Clock {
  /** Milliseconds on a clock that never goes back. Says nothing about the date. */
  now(): number
  /** The date, for people. */
  date(): Date
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
}
