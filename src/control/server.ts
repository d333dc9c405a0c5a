/** The control socket: HTTP over a Unix socket that only its owner can open. */
import { chmodSync, statSync, unlinkSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import net from 'node:net'
import { dirname } from 'node:path'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { http } from '../base/node-http.ts'
import { lockPath } from '../base/process-lock.ts'
import { type OperationHandlers, type OperationName, type OperationRow, operations } from './operations.ts'

const bodyBytesMax = 64 * 1024
const connectionsMax = 64
/** A query has only texts. */
const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])
// A client that does not read its log lines is let go before they fill the memory.
const pendingBytesMax = 4 * 1024 * 1024
const advice = 'Another place can be chosen with control.socket.'

export interface ControlServer {
  readonly path: string
  close(): void
}

/**
 * Listens at `path`, mode 0600 in a folder of mode 0700. A socket that a dead tree left is replaced.
 *
 * @throws {ServerError} ERR_ALREADY_RUNNING when a live tree answers there.
 */
export async function openControl(path: string, handlers: OperationHandlers): Promise<ControlServer> {
  await prepareFolder(dirname(path))
  // Held until the end: of those that start at once, one knocks at the path, and makes its socket there.
  const lock = await lockPath(path)
  if (!lock) throw alreadyRunning(path)
  const server = http.createServer({ requestTimeout: 10_000 }, (req, res) => void answer(handlers, req, res))
  server.maxConnections = connectionsMax
  try {
    await clearPath(path)
    await listen(server, path)
  } catch (error) {
    lock.release()
    throw error
  }
  return {
    path,
    close() {
      // Node removes the socket's file with the server.
      server.close()
      server.closeAllConnections()
      lock.release()
    },
  }
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, 0o700)
  } catch (error) {
    const message = `Cannot make the folder of the control socket ${folder} (${codeOf(error)}). ${advice}`
    throw new ServerError('ERR_ADDRESS_UNAVAILABLE', message, { cause: error })
  }
  refuseForeignFolder(folder)
}

function alreadyRunning(path: string): ServerError {
  const message = `A tree runs already: it answers on ${path}. Stop it, or use another name.`
  return new ServerError('ERR_ALREADY_RUNNING', message)
}

/** In a folder such as /tmp somebody else may have made ours first, and could put a socket of his own in the place. */
function refuseForeignFolder(folder: string): void {
  const isPublic = (statSync(dirname(folder)).mode & 0o002) !== 0
  if (!isPublic || statSync(folder).uid === process.getuid?.()) return
  throw new ServerError(
    'ERR_ADDRESS_UNAVAILABLE',
    `Cannot open the control socket ${folder} (the folder belongs to another user). Remove it. ${advice}`,
  )
}

async function clearPath(path: string): Promise<void> {
  const problem = await new Promise<Error | undefined>(resolve => {
    const socket = net.connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', resolve)
  })
  if (problem === undefined) throw alreadyRunning(path)
  if (codeOf(problem) === 'ECONNREFUSED') unlinkSync(path)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      reject(new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot open the control socket ${path} (${error.message}).`))
    })
    // The socket must not be open to others even for a moment, so its mode is there before it is.
    const umask = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(umask)
    try {
      chmodSync(path, 0o600)
    } catch {
      // The listen has failed; its error comes.
    }
  })
}

async function answer(handlers: OperationHandlers, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const url = new URL(req.url ?? '/', 'http://control')
    const name = operationAt(req.method, url.pathname)
    if (!name) {
      sendJson(res, 404, errorBody(new ServerError('ERR_USAGE', `There is no ${req.method} ${url.pathname}.`)))
      return
    }
    const query = Object.fromEntries([...url.searchParams].map(([key, value]) => [key, words.get(value) ?? value]))
    const input = { ...query, ...(await readBody(req)) }
    if (name === 'logs') streamLogs(handlers, input, res)
    else sendJson(res, 200, await handlers[name](input as never))
  } catch (error) {
    sendJson(res, error instanceof ServerError ? 409 : 500, errorBody(error))
  }
}

function operationAt(method: string | undefined, path: string): OperationName | undefined {
  const rows = Object.entries(operations) as [OperationName, OperationRow][]
  return rows.find(([, row]) => row.method === method && row.path === path)?.[0]
}

async function readBody(req: IncomingMessage): Promise<object> {
  let text = ''
  req.setEncoding('utf8')
  for await (const chunk of req) {
    text += chunk
    if (text.length > bodyBytesMax)
      throw new ServerError('ERR_USAGE', `A request expected at most ${bodyBytesMax} bytes.`)
  }
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body
  } catch {
    // Said below.
  }
  throw new ServerError('ERR_USAGE', 'A request expected a JSON object as its body.')
}

function streamLogs(handlers: OperationHandlers, input: object, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/x-ndjson' })
  let stop: (() => void) | undefined
  const send = (line: unknown) => {
    if (res.writableLength > pendingBytesMax) res.destroy()
    else res.write(`${JSON.stringify(line)}\n`)
  }
  stop = handlers.logs(input, send, () => res.end())
  res.once('close', () => stop?.())
}

function errorBody(error: unknown): object {
  const { code, problems } = error instanceof ServerError ? error : { code: 'ERR_INTERNAL', problems: [] }
  return { error: { code, message: messageOf(error), problems } }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(`${JSON.stringify(body)}\n`)
}
