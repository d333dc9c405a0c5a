import { type ErrorCode, messageOf, ServerError } from '../../base/errors.ts'
import type { ErrorBody } from '../api.ts'

/** Why a request is not answered as it asks, with the status that says so. */
export class Refusal extends ServerError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(status === 401 ? 'ERR_DASHBOARD_SIGNED_OUT' : 'ERR_DASHBOARD_REFUSED', message)
    this.status = status
    this.headers = headers
  }
}

const statuses: Partial<Record<ErrorCode, number>> = {
  ERR_USAGE: 400,
  ERR_STORE_KEY_ABSENT: 404,
  ERR_TASK_JOB_ABSENT: 404,
  ERR_CONTROL_UNREACHABLE: 503,
  ERR_NOT_RUNNING: 503,
}

/** Errors of the store and of tasks are told apart by their codes: this room does not know theirs. */
const foreignCode = /^(?:STORE|TASK)_/
const foreignStatuses: Readonly<Record<string, number>> = {
  STORE_ARGUMENT_INVALID: 400,
  STORE_VALUE_INVALID: 400,
  STORE_VALUE_TOO_LARGE: 413,
  STORE_UNAVAILABLE: 503,
  STORE_TIMEOUT: 503,
  STORE_BUSY: 503,
  STORE_CLOSED: 503,
}

/** The status of an error: what the tree refuses is a conflict, and what nobody has foreseen is our fault. */
export function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status
  if (error instanceof ServerError) return statuses[error.code] ?? 409
  const code = foreignCodeOf(error)
  return code === undefined ? 500 : (foreignStatuses[code] ?? 409)
}

export function errorBody(error: unknown): ErrorBody {
  const message = messageOf(error)
  if (error instanceof ServerError) return { error: { code: error.code, message, problems: error.problems } }
  return { error: { code: foreignCodeOf(error) ?? 'ERR_INTERNAL', message, problems: [] } }
}

function foreignCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && foreignCode.test(code) ? code : undefined
}
