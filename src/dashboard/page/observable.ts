/** A value that others follow: who is signed in, what the tree looks like. It knows nothing of how it is shown. */
export interface Observable<Value> {
  get(): Value
  /** Tells all who follow, unless it is the value that was. */
  set(value: Value): void
  /** Returns how to end it. */
  follow(hear: () => void): () => void
}

export function observable<Value>(initial: Value): Observable<Value> {
  let current = initial
  const followers = new Set<() => void>()
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return
      current = value
      for (const hear of [...followers]) hear()
    },
    follow(hear) {
      followers.add(hear)
      return () => followers.delete(hear)
    },
  }
}
