/** Asks the server of the dashboard: typed by the contract, with a limit on every wait, and one kind of error for all that can fail. */
import type { ActionInputs, ActionName, ActionOutputs, SignedOutBody } from '../api.ts'

const timeoutMs = 30_000
/** A reload answers when it is over, and each worker may drain for long. */
const actionTimeoutMs = 3_600_000

type ErrorDetails = Pick<ApiError, 'code' | 'status' | 'problems'> & { readonly hasUsers?: boolean | undefined }

/** What the server has refused, or that it could not be asked. The message is for people. */
export class ApiError extends Error {
  readonly code: string
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number
  readonly problems: readonly string[]
  /** Of a 401: one can sign in with a name and a password, too. */
  readonly hasUsers: boolean

  constructor(message: string, { code, status, problems, hasUsers = false }: ErrorDetails) {
    super(message)
    this.code = code
    this.status = status
    this.problems = problems
    this.hasUsers = hasUsers
  }
}

/** `signal` ends it before its time: who has given that knows why it fails then. */
export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>('GET', path, undefined, { timeoutMs, signal })
}

export function post<Answer>(path: string, input: object): Promise<Answer> {
  return ask<Answer>('POST', path, input, { timeoutMs: actionTimeoutMs })
}

export function act<Name extends ActionName>(name: Name, input: ActionInputs[Name]): Promise<ActionOutputs[Name]> {
  return post(`/api/actions/${name}`, input)
}

export function remove<Answer>(path: string): Promise<Answer> {
  return ask<Answer>('DELETE', path, undefined, { timeoutMs })
}

/** `/api/store/keys` and `{ prefix: 'a b', after: undefined }` → `/api/store/keys?prefix=a+b`. */
export function withQuery(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** Where a path of the API is: beside the page, which a proxy may have put below another path. */
export function urlOf(path: string): string {
  return path.replace(/^\//, '')
}

/** Called when an answer says that nobody is signed in (any more). Returns how to end it. */
export function onSignedOut(hear: (refusal: ApiError) => void): () => void {
  signedOut.add(hear)
  return () => signedOut.delete(hear)
}

const signedOut = new Set<(refusal: ApiError) => void>()

interface AskOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

async function ask<Answer>(method: string, path: string, input: object | undefined, options: AskOptions) {
  const response = await begin(method, path, input, options)
  if (response.ok) return (await readJson(response, options)) as Answer
  const refusal = refusalOf(response, await readJson(response, options).catch(() => undefined))
  if (refusal.status === 401) for (const hear of [...signedOut]) hear(refusal)
  throw refusal
}

async function begin(method: string, path: string, input: object | undefined, options: AskOptions): Promise<Response> {
  const limit = AbortSignal.timeout(options.timeoutMs)
  try {
    return await fetch(urlOf(path), {
      method,
      headers: input ? { 'content-type': 'application/json' } : {},
      body: input ? JSON.stringify(input) : null,
      cache: 'no-store',
      signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
    })
  } catch (error) {
    throw unreachable(error, options)
  }
}

function unreachable(error: unknown, { timeoutMs }: AskOptions): ApiError {
  const isLate = error instanceof DOMException && error.name === 'TimeoutError'
  const message = isLate
    ? `There was no answer within ${timeoutMs / 1_000} s.`
    : 'The dashboard does not answer. It may be starting again; otherwise look at the log of the tree.'
  return new ApiError(message, { code: 'UNREACHABLE', status: 0, problems: [] })
}

/** Any error as one of ours: whatever else is thrown is a fault of the page, and is shown, too. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError(error instanceof Error ? error.message : String(error), { code: 'PAGE', status: 0, problems: [] })
}

async function readJson(response: Response, options: AskOptions): Promise<unknown> {
  try {
    return await response.json()
  } catch (error) {
    // It can end, or be late, in the middle of an answer, too.
    if (!(error instanceof SyntaxError)) throw unreachable(error, options)
    throw new ApiError('The answer was not understood.', { code: 'UNREADABLE', status: response.status, problems: [] })
  }
}

function refusalOf({ status, statusText }: Response, body: unknown): ApiError {
  const { error, hasUsers } = (body ?? {}) as Partial<SignedOutBody>
  return new ApiError(error?.message ?? `The dashboard answered ${status} ${statusText}.`, {
    code: error?.code ?? `HTTP_${status}`,
    status,
    problems: error?.problems ?? [],
    hasUsers,
  })
}
