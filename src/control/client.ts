/** Asks a running tree through its control socket. */
import type { IncomingMessage } from 'node:http'
import { codeOf, type ErrorCode, errorCodes, ServerError } from '../base/errors.ts'
import { http } from '../base/node-http.ts'
import { type CallName, type OperationName, type OperationTypes, operations, type StreamName } from './operations.ts'

const answerWaitMs = 10_000

export interface CallOptions {
  /** How long the answer may take, in milliseconds; 10 seconds by default. A reload takes as long as the workers do. */
  readonly timeoutMs?: number
}

/**
 * Asks for one operation and returns its answer.
 *
 * @throws {ServerError} ERR_NOT_RUNNING when nobody answers at the socket, ERR_CONTROL_UNREACHABLE when the answer does
 *   not come, and what the tree itself refuses the operation with.
 */
export async function call<Name extends CallName>(
  socketPath: string,
  name: Name,
  input: OperationTypes[Name]['input'],
  { timeoutMs = answerWaitMs }: CallOptions = {},
): Promise<OperationTypes[Name]['output']> {
  const response = await request(socketPath, name, input, { timeoutMs })
  const text = await readAll(response)
  const body = parse(text, socketPath)
  if (response.statusCode !== 200) throw refusal(body)
  return body as OperationTypes[Name]['output']
}

/**
 * The lines of an operation as they come; ends when the tree does, or with the signal.
 *
 * @throws {ServerError} as `call`.
 */
export async function* follow<Name extends StreamName>(
  socketPath: string,
  name: Name,
  input: OperationTypes[Name]['input'],
  signal?: AbortSignal,
): AsyncGenerator<OperationTypes[Name]['output']> {
  // Also while the tree has not answered yet.
  const response = await request(socketPath, name, input, { timeoutMs: 0, signal }).catch(error => {
    if (!signal?.aborted) throw error
  })
  if (!response) return
  if (response.statusCode !== 200) throw refusal(parse(await readAll(response), socketPath))
  let rest = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as OperationTypes[Name]['output']
    }
  } catch (error) {
    // The tree ends, and with it its streams.
    if (!signal?.aborted && codeOf(error) !== 'ECONNRESET') throw error
  }
}

function request(
  socketPath: string,
  name: OperationName,
  input: object,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<IncomingMessage> {
  const { method, path } = operations[name]
  const query = method === 'GET' ? `?${new URLSearchParams(textOf(input))}` : ''
  return new Promise((resolve, reject) => {
    const options = {
      socketPath,
      method,
      path: path + query,
      timeout: timeoutMs,
      agent: false,
      ...(signal && { signal }),
    }
    const req = http.request(options, resolve)
    req.once('timeout', () => {
      const seconds = timeoutMs / 1_000
      req.destroy(
        new ServerError('ERR_CONTROL_UNREACHABLE', `The tree at ${socketPath} did not answer within ${seconds}s.`),
      )
    })
    req.once('error', error => reject(error instanceof ServerError ? error : unreachable(socketPath, error)))
    req.end(method === 'POST' ? JSON.stringify(input) : undefined)
  })
}

function textOf(input: object): [string, string][] {
  return Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, String(value)])
}

function unreachable(socketPath: string, error: Error): ServerError {
  const isGone = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error) ?? '')
  if (isGone)
    return new ServerError('ERR_NOT_RUNNING', `No tree answers at ${socketPath}. Start one with "saola start".`)
  const message = `The tree at ${socketPath} cannot be reached (${error.message}).`
  return new ServerError('ERR_CONTROL_UNREACHABLE', message, { cause: error })
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) text += chunk
  return text
}

function parse(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `The tree at ${socketPath} gave no JSON: ${text.slice(0, 200)}`
    throw new ServerError('ERR_CONTROL_UNREACHABLE', message, { cause: error })
  }
}

function refusal(body: unknown): ServerError {
  const { code, message, problems } = (body as { error: { code: string; message: string; problems?: string[] } }).error
  return new ServerError(code in errorCodes ? (code as ErrorCode) : 'ERR_CONTROL_REFUSED', message, { problems })
}
