/**
 * Every error code of the shared store: what it means and what to do about it. An application sees these,
 * whatever the engine; the codes of the server itself stand in base/errors.ts.
 */
export const storeErrorCodes = {
  STORE_ARGUMENT_INVALID: 'An argument of a store operation is not what it expects: the message names it.',
  STORE_BUSY: 'Too many operations of this process wait already: slow down, or raise the limit of the queue.',
  STORE_CLOSED: 'The store was closed, by the application or because its process stops: do not use it any more.',
  STORE_COMMAND: 'The owner of the store refused a command: the message says why.',
  STORE_CONFLICT: 'Others changed the same keys at every try of an update or transaction: try later, or use a lock.',
  STORE_CORRUPT: 'The file of the store is damaged: restore the last snapshot.',
  STORE_DIRECTORY_UNUSABLE: 'The folder of the store is a file, on a network filesystem, or forbidden: choose another.',
  STORE_DISK_FULL: 'The disk is full: reads and deletes go on; writes do, too, as soon as there is room.',
  STORE_FULL: 'The store has reached its size limit: delete, let values expire, or raise the limit.',
  STORE_KEY_INVALID: 'A key is empty, too long, or no text: the message says what is allowed.',
  STORE_LOCK_LOST: 'A lock was held longer than its lease, another may hold it: stop the work that it guarded.',
  STORE_LOCK_TIMEOUT: 'A lock was not free in time: its holder still works, try later or wait longer.',
  STORE_NOT_A_NUMBER: 'A counter was asked to count a value that is no number, or that would leave its range.',
  STORE_NO_AUTH: 'The store wants a user and password, and got none or a wrong one.',
  STORE_SNAPSHOT_INVALID: 'A snapshot is damaged, incomplete or of an unknown version: nothing was restored from it.',
  STORE_SUBSCRIBER_SLOW: 'A subscriber read too slowly and was cut off: messages are missing, subscribe again.',
  STORE_TIMEOUT: 'The deadline is over. A write may have been applied or not: read, or repeat it if that is harmless.',
  STORE_TOO_MANY_KEYS: 'The store holds as many keys as it may: delete, let them expire, or raise the limit.',
  STORE_UNAVAILABLE: 'The owner of the store could not be reached within the deadline: nothing was sent, try again.',
  STORE_UNSUPPORTED: 'The engine in use cannot do this: the message says which one can.',
  STORE_VALUE_INVALID: 'The codec cannot hold the value, or the schema refuses it: nothing was written.',
  STORE_VALUE_TOO_LARGE: 'A value is larger than allowed: split it, or raise the limit.',
  STORE_VALUE_UNREADABLE: 'The stored bytes are not of this codec: read them with the codec that wrote them.',
  STORE_WRONG_TYPE: 'The key holds another structure: use another key, or delete it first.',
} as const satisfies Record<`STORE_${string}`, string>

export type StoreErrorCode = keyof typeof storeErrorCodes

/**
 * An operation of the store that did not do what was asked. Its message says what to do about it.
 *
 * ```ts
 * throw new StoreError('STORE_CLOSED', 'The store "sessions" is closed: open it again before it is used.')
 * ```
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}
