/**
 * What a promise gives, if it does in time: nobody who asks for metrics or health waits for one who does not answer.
 *
 * @throws {Error} what it rejects with, or that the time is over.
 */
export async function within<Value>(limitMs: number, work: () => Promise<Value>): Promise<Value> {
  const over = Promise.withResolvers<never>()
  const timer = setTimeout(() => over.reject(new Error(`no answer within ${limitMs} ms`)), limitMs)
  try {
    return await Promise.race([work(), over.promise])
  } finally {
    clearTimeout(timer)
  }
}
