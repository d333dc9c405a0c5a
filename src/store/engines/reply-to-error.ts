import { nullList, type Reply, ReplyError } from '../resp/reply.ts'
import { StoreError, type StoreErrorCode, storeErrorCodes } from '../store-error.ts'

/** A reply, or the error that it is. */
export function valueOrThrow(reply: Reply): Reply {
  // As a parser reads it.
  if (reply === nullList) return null
  if (!(reply instanceof ReplyError)) return reply
  throw errorOf(reply)
}

export function errorOf({ code, message }: { code: string; message: string }): StoreError {
  if (Object.hasOwn(storeErrorCodes, code)) return new StoreError(code as StoreErrorCode, message)
  if (code === 'WRONGTYPE') return new StoreError('STORE_WRONG_TYPE', `${message}.`)
  if (/not an integer|not a (?:valid )?float|not a number|would overflow|NaN or Infinity/.test(message))
    return new StoreError('STORE_NOT_A_NUMBER', `${message}.`)
  if (code === 'NOAUTH' || code === 'WRONGPASS') return new StoreError('STORE_NO_AUTH', message)
  return new StoreError('STORE_COMMAND', `${code} ${message}`)
}
