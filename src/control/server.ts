/** The control socket: HTTP over a Unix socket that only its owner can open. */
import { chmodSync, statSync, unlinkSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import net from 'node:net'
import { dirname } from 'node:path'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { http } from '../base/node-http.ts'
import { lockPath, type ProcessLock } from '../base/process-lock.ts'
import {
  type LineSink,
  type OperationHandlers,
  type OperationName,
  type OperationRow,
  operations,
  type StreamName,
} from './operations.ts'

const bodyBytesMax = 64 * 1024
const connectionsMax = 64
/** A query has only texts. */
const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])
// A client that does not read its lines gets no more of them before they fill the memory.
const pendingBytesMax = 4 * 1024 * 1024
const lockWaitMs = 2_000
const knockEveryMs = 20
const advice = 'Another place can be chosen with control.socket.'

export interface ControlServer {
  readonly path: string
  close(): Promise<void>
}

/**
 * Listens at `path`, mode 0600 in a folder of mode 0700. A socket that a dead tree left is replaced.
 *
 * @throws {ServerError} ERR_ALREADY_RUNNING when a live tree answers there.
 */
export async function openControl(path: string, handlers: OperationHandlers): Promise<ControlServer> {
  await prepareFolder(dirname(path))
  // Held until the end: of those that start at once, one knocks at the path, and makes its socket there.
  const lock = await takeLock(path)
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
    async close() {
      // Node removes the socket's file with the server.
      server.close()
      // What was said last is on its way in the next turn.
      await nextTurn()
      server.closeAllConnections()
      lock.release()
    },
  }
}

/**
 * Who holds the lock and does not answer is about to begin, or to end; it may also have had a folder that is gone, whose number
 * ours has got.
 */
async function takeLock(path: string): Promise<ProcessLock> {
  const deadline = performance.now() + lockWaitMs
  for (;;) {
    const lock = await lockPath(path)
    if (lock) return lock
    if (performance.now() >= deadline || (await knock(path)) === undefined) throw alreadyRunning(path)
    await setTimeout(knockEveryMs)
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

/** Undefined when somebody answers there. */
function knock(path: string): Promise<Error | undefined> {
  return new Promise(resolve => {
    const socket = net.connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', resolve)
  })
}

async function clearPath(path: string): Promise<void> {
  const problem = await knock(path)
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
    if (isStream(name)) stream(handlers[name], input, res)
    else sendJson(res, 200, await handlers[name](input as never))
  } catch (error) {
    sendJson(res, error instanceof ServerError ? 409 : 500, errorBody(error))
  }
}

function operationAt(method: string | undefined, path: string): OperationName | undefined {
  const rows = Object.entries(operations) as [OperationName, OperationRow][]
  return rows.find(([, row]) => row.method === method && row.path === path)?.[0]
}

function isStream(name: OperationName): name is StreamName {
  return (operations[name] as OperationRow).isStream === true
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

/** What the handler throws is the answer: until then nothing has been said. */
function stream(handler: OperationHandlers[StreamName], input: object, res: ServerResponse): void {
  const begin = () => {
    if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
  }
  const lines: LineSink<unknown> = {
    send(line) {
      begin()
      if (res.writableEnded || res.writableLength > pendingBytesMax) return false
      res.write(`${JSON.stringify(line)}\n`)
      return true
    },
    end(...last) {
      begin()
      if (!res.writableEnded) res.end(last.map(line => `${JSON.stringify(line)}\n`).join(''))
    },
    room: () => (res.writableNeedDrain && !res.destroyed ? untilRead(res) : undefined),
  }
  const stop = handler(input as never, lines as never)
  begin()
  res.once('close', stop)
}

/** Resolves when the client has read what was sent, or has gone. */
function untilRead(res: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
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
