/**
 * Decides how many of the requests are refused, by how late the event loop is. It is the queue of Node: what has come waits
 * there until its turn. As in CoDel (RFC 8289) a queue that now and then is empty is no trouble, however long it was before;
 * one that never is, is standing, and only makes everybody wait. So what counts is the least delay in an interval.
 *
 * The share that is refused rises while that stays above the target, the faster the further it is above, and falls when it is
 * below: it settles where the event loop always has something to do, and never much. Pure: time and delays are given.
 */

const riseMax = 0.25
const rise = 0.1
const fallFactor = 0.85
const fallStep = 0.02
/** Some always come through, or nobody would ever see that it is over. */
const shareMax = 0.98

/** The share after an interval with this least delay. */
export function nextShare(share: number, delayMs: number, targetMs: number): number {
  const excess = (delayMs - targetMs) / targetMs
  if (excess > 0) return Math.min(shareMax, share + Math.min(riseMax, rise * excess))
  return Math.max(0, share * fallFactor - fallStep)
}

/** Refused are first those without a session, all of them before the first with one. */
export function shareFor(
  share: number,
  classes: { readonly hasSession: boolean; readonly knowsSessions: boolean },
): number {
  if (!classes.knowsSessions) return share
  return classes.hasSession ? Math.max(0, 2 * share - 1) : Math.min(1, 2 * share)
}
