/** An answer of the store that takes longer is not waited for. */
export const answerMs = 1_000

/** Rejects when there is no answer in time; one that comes too late is handed to `onLate`. */
export async function inTime<Value>(
  promise: Promise<Value>,
  timeoutMs = answerMs,
  onLate: (late: Value) => void = () => {},
): Promise<Value> {
  let isLate = false
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    isLate = true
    timeout.reject(new Error(`no answer within ${timeoutMs} ms`))
  }, timeoutMs)
  promise.then(
    value => isLate && onLate(value),
    () => {},
  )
  try {
    return await Promise.race([promise, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
