/** What a call ends in that has got no answer. */
import { StoreError } from '../../store-error.ts'
import { isDatabaseRefused } from './connect.ts'
import { nameOf, type Sendable } from './wire.ts'

const refusedUser = /\b(?:NOAUTH|WRONGPASS)\b|invalid password|invalid username-password/
const refusedTls = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/

export function busyError(max: number): StoreError {
  return new StoreError('STORE_BUSY', `${max} calls of this process wait for the store already.`)
}

export function unansweredError(sendable: Sendable): StoreError {
  const message = `Redis has not answered ${nameOf(sendable)} in time: it may have been carried out or not.`
  return new StoreError('STORE_TIMEOUT', message)
}

export function brokenError(sendable: Sendable): StoreError {
  const message = `The connection to Redis broke before ${nameOf(sendable)} was answered: it may have been carried out or not.`
  return new StoreError('STORE_TIMEOUT', message)
}

export function unreachedError(sendable: Sendable, where: string, why: string): StoreError {
  // Either of the two leaves the other one waiting, or closes without a word.
  const isVague = why === '' || /TIMEDOUT|RESET|closed|hang up/.test(why)
  const hint = where.startsWith('rediss:') ? 'if it speaks no TLS: redis://' : 'if it speaks TLS: rediss://'
  const reasons = [why, isVague ? hint : ''].filter(text => text !== '').join('; ')
  const reason = reasons === '' ? '' : ` (${reasons})`
  const message = `Redis at ${where} could not be reached in time for ${nameOf(sendable)}${reason}: nothing was sent.`
  return new StoreError('STORE_UNAVAILABLE', message)
}

const unreadable = /^Protocol error/

/** What no other try will mend, only another configuration; undefined for what may pass. */
export function refusalOf(error: Error & { readonly code?: string }, where: string): StoreError | undefined {
  if (refusedUser.test(error.message)) {
    const message = `Redis at ${where} refuses the user or password: ${error.message}`
    return new StoreError('STORE_NO_AUTH', message, { cause: error })
  }
  if (isDatabaseRefused(error)) {
    const message = `Redis at ${where} does not give the database of this address: ${error.message}`
    return new StoreError('STORE_UNAVAILABLE', message, { cause: error })
  }
  if (!refusedTls.test(error.code ?? '') && !unreadable.test(error.message)) return undefined
  const message = unreadable.test(error.message)
    ? `What answers at ${where} does not speak as Redis does (${error.message}): if it speaks TLS, use rediss://.`
    : `No TLS connection to Redis at ${where} (${error.message}): ?ca=FILE names the certificate that is trusted.`
  return new StoreError('STORE_UNAVAILABLE', message, { cause: error })
}
