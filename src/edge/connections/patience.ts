/**
 * How long a client may still take. It is a credit in milliseconds: time takes from it, progress adds to it, so many
 * milliseconds a byte that the least rate asks for, and it never exceeds the idle timeout. So one that stands still is cut
 * after the idle timeout, one that is too slow a while later, and one that keeps the least rate never, however unevenly its
 * bytes come.
 */
export interface Patience {
  /** What a client has that has just made progress. */
  readonly fullMs: number
  /** What a byte adds. */
  readonly msPerByte: number
}

/** @param minRate bytes a second; 0: any progress is enough. */
export function createPatience(idleTimeoutMs: number, minRate: number): Patience {
  return { fullMs: idleTimeoutMs, msPerByte: minRate === 0 ? Number.POSITIVE_INFINITY : 1000 / minRate }
}

/** The credit after so much time and so many bytes; 0: it is over. */
export function spend({ fullMs, msPerByte }: Patience, creditMs: number, elapsedMs: number, bytes: number): number {
  const earnedMs = bytes > 0 ? bytes * msPerByte : 0
  return Math.max(0, Math.min(fullMs, creditMs + earnedMs - elapsedMs))
}
