import { messageOf } from '../../base/errors.ts'

const againMs = 60_000

/**
 * Tells an operator of trouble, not of each request that has met it: on a full disk thousands fail in a second, and the log may
 * be on that disk. The same message is told again after a minute, with how often it has come meanwhile.
 */
export function tellOnce(log: (event: string, fields: Record<string, unknown>) => void, now = () => performance.now()) {
  let told: { readonly message: string; readonly at: number } | undefined
  let untold = 0
  return (error: unknown): void => {
    const message = messageOf(error)
    if (told?.message === message && now() - told.at < againMs) {
      untold++
      return
    }
    log('store.trouble', { error: message, ...(untold > 0 ? { untold } : {}) })
    told = { message, at: now() }
    untold = 0
  }
}
