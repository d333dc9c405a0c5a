/** What an error of SQLite is about: https://www.sqlite.org/rescode.html */

const codes = { busy: 5, ioError: 10, corrupt: 11, full: 13, tooBig: 18, notADatabase: 26 }

function codeOf(error: unknown): number {
  return ((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff
}

/** The content of the file makes no sense. Not: it could not be read. */
export function isDamage(error: unknown): boolean {
  return codeOf(error) === codes.corrupt || codeOf(error) === codes.notADatabase
}

/** The disk may be full: that SQLite could not write it says in several ways. */
export function isRoom(error: unknown): boolean {
  return isFull(error) || isIoError(error) || isNoSpace(error)
}

/** The disk is full, or the file has reached its largest size. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === codes.full
}

/** The system could not read or write. */
export function isIoError(error: unknown): boolean {
  return codeOf(error) === codes.ioError
}

/** A value is above what SQLite can hold, 1 GB. */
export function isTooBig(error: unknown): boolean {
  return codeOf(error) === codes.tooBig
}

/** The same of a call of the system. */
export function isNoSpace(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Another connection has what was asked for. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === codes.busy
}
