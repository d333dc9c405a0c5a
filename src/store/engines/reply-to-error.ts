import { type Reply, ReplyError } from '../resp/reply.ts'
import { StoreError, type StoreErrorCode, storeErrorCodes } from '../store-error.ts'

/** A reply, or the error that it is. */
export function valueOrThrow(reply: Reply): Reply {
  if (!(reply instanceof ReplyError)) return reply
  throw errorOf(reply)
}

export function errorOf({ code, message }: { code: string; message: string }): StoreError {
  if (Object.hasOwn(storeErrorCodes, code)) return new StoreError(code as StoreErrorCode, message)
  if (code === 'WRONGTYPE') return new StoreError('STORE_WRONG_TYPE', `${message}.`)
  if (/not an integer|not a valid float/.test(message)) return new StoreError('STORE_NOT_A_NUMBER', `${message}.`)
  if (code === 'NOAUTH' || code === 'WRONGPASS') return new StoreError('STORE_NO_AUTH', message)
  return new StoreError('STORE_COMMAND', `${code} ${message}`)
}
