/** Takes whole lines and writes them when it can. It never throws, never blocks and never makes anybody wait. */
export interface Sink {
  /**
   * Takes a block of whole lines, each with its newline. Sources with a name have fair shares of the room.
   *
   * @returns how many lines were dropped: 0, or all of the block when there is no room for it.
   */
  write(block: Buffer | string, source?: string): number
  /** Whether a block of so many bytes would be taken: what is dropped anyway need not be formatted first. */
  hasRoom(bytes: number, source?: string): boolean
  /** Counts lines that were dropped by who has asked so; returns their number. */
  drop(lines: number): number
  /** Lines dropped since the start. */
  readonly dropped: number
  /** Resolves when all that was taken is written (true), or cannot be within `timeoutMs` (false). */
  flush(timeoutMs: number): Promise<boolean>
}

/** True when the work ends in time, false when the time is over first. */
export async function endsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, timeoutMs, false)
  })
  try {
    return await Promise.race([work.then(() => true), deadline])
  } finally {
    clearTimeout(timer)
  }
}
