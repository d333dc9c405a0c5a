/**
 * Clients that put load on a server and count. None of them ever repeats a request: one that was sent and not
 * answered in full is lost. A connection that the server closes between two requests is not.
 *
 * ```ts
 * const client = keepAliveClient(t, tree.url).start()
 * await client.answered(100)
 * await tree.cli('reload', '--wait')
 * const { failed, errors } = await client.stop()
 * assert.equal(failed, 0, errors.join('\n'))
 * ```
 */
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { formatRequest, HttpConnection, type RequestOptions, waitTimeoutMs } from './http-connection.ts'
import type { HttpResponse } from './http-response.ts'
import { type Lane, LoadClient, type LoadOptions, type Tally } from './load-client.ts'

export interface HttpLoadOptions extends LoadOptions, RequestOptions {}

/** A new connection for each request. `target` is `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`, here and below. */
export function newConnectionClient(t: TestContext, target: string, options: HttpLoadOptions = {}): LoadClient {
  const closing = { ...options, headers: { Connection: 'close', ...options.headers } }
  return httpClient(t, target, options, (connection, tally) => exchangeOne(connection, tally, closing))
}

/** Request after request on one connection, as long as the server keeps it. */
export function keepAliveClient(t: TestContext, target: string, options: HttpLoadOptions = {}): LoadClient {
  return httpClient(t, target, options, (connection, tally) => exchangeOne(connection, tally, options))
}

/** Requests that take long: GET /slow?ms=3000, or another `path` that takes as long. */
export function slowClient(
  t: TestContext,
  target: string,
  options: HttpLoadOptions & { readonly ms?: number } = {},
): LoadClient {
  const { ms = 3_000 } = options
  return keepAliveClient(t, target, { path: `/slow?ms=${ms}`, timeoutMs: ms + waitTimeoutMs, ...options })
}

/** Keep-alive over a Unix socket. */
export function unixClient(t: TestContext, socketPath: string, options: HttpLoadOptions = {}): LoadClient {
  return keepAliveClient(t, `unix:${socketPath}`, options)
}

/** Eight requests in one write, then their eight answers; each that does not come is lost. */
export function pipelineClient(
  t: TestContext,
  target: string,
  options: HttpLoadOptions & { readonly batch?: number } = {},
): LoadClient {
  const { batch = 8 } = options
  return httpClient(t, target, options, async (connection, tally) => {
    connection.send(formatRequest(options).repeat(batch))
    for (let answered = 0; answered < batch; answered++) {
      try {
        requireSuccess(await connection.receive())
        tally.succeed()
      } catch (error) {
        for (let lost = answered; lost < batch; lost++) tally.fail(error)
        connection.close()
        return
      }
    }
  })
}

/** POST of 256 KiB in 16 pieces over a third of a second. The server answers with the number of bytes it got. */
export function uploadClient(
  t: TestContext,
  target: string,
  options: HttpLoadOptions & { readonly sizeBytes?: number; readonly pieces?: number; readonly gapMs?: number } = {},
): LoadClient {
  const { sizeBytes = 256 * 1024, pieces = 16, gapMs = 20 } = options
  const body = Buffer.alloc(sizeBytes, 'u')
  const head = formatRequest({ path: '/upload', method: 'POST', ...options, body })
  return httpClient(t, target, options, async (connection, tally) => {
    const answer = connection.receive()
    // Looked at below; until then it may fail without being an unhandled rejection.
    answer.catch(() => {})
    connection.send(head)
    const pieceBytes = Math.ceil(sizeBytes / pieces)
    for (let sent = 0; sent < sizeBytes && !connection.isEnded; sent += pieceBytes) {
      connection.send(body.subarray(sent, sent + pieceBytes))
      await pause(gapMs)
    }
    const response = requireSuccess(await answer)
    if (String(response.body) !== String(sizeBytes)) throw new Error(`answered ${response.body} for ${sizeBytes} bytes`)
    tally.succeed()
  })
}

/**
 * Messages on a WebSocket, each answered by the same text. The server may close it with 1001 (going away): then the
 * client comes again. Any other end is a failure.
 */
export function webSocketClient(
  t: TestContext,
  target: string,
  options: LoadOptions & { readonly path?: string } = {},
): LoadClient {
  const url = `${target.replace(/^http/, 'ws')}${options.path ?? '/'}`
  return new LoadClient(t, () => new WebSocketLane(url), options)
}

type Exchange = (connection: HttpConnection, tally: Tally) => Promise<void>

function httpClient(t: TestContext, target: string, options: HttpLoadOptions, exchange: Exchange): LoadClient {
  return new LoadClient(t, () => new HttpLane(target, options, exchange), options)
}

async function exchangeOne(connection: HttpConnection, tally: Tally, options: RequestOptions): Promise<void> {
  connection.send(formatRequest(options))
  if (options.body !== undefined) connection.send(options.body)
  requireSuccess(await connection.receive({ isHead: options.method === 'HEAD' }))
  tally.succeed()
}

function requireSuccess(response: HttpResponse): HttpResponse {
  if (response.status < 200 || response.status > 299) throw new Error(`answered ${response.status}`)
  return response
}

class HttpLane implements Lane {
  readonly #target: string
  readonly #options: HttpLoadOptions
  readonly #exchange: Exchange
  #connection: HttpConnection | undefined
  #isClosed = false

  constructor(target: string, options: HttpLoadOptions, exchange: Exchange) {
    this.#target = target
    this.#options = options
    this.#exchange = exchange
  }

  async exchange(tally: Tally): Promise<void> {
    if (!this.#connection?.isReusable) {
      this.#connection?.close()
      this.#connection = await HttpConnection.open(this.#target, this.#options)
    }
    // Closed while it was connecting.
    if (this.#isClosed) this.#connection.close()
    try {
      await this.#exchange(this.#connection, tally)
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.close()
  }
}

const goingAway = 1001

class WebSocketLane implements Lane {
  readonly #url: string
  #socket: WebSocket | undefined
  /** How the server closed the last socket, until it is looked at. */
  #closeCode: number | undefined

  constructor(url: string) {
    this.#url = url
  }

  async exchange(tally: Tally): Promise<void> {
    const socket = this.#socket ?? (await this.#open())
    const isAnswered = this.#closeCode === undefined && (await converse(socket, `message ${tally.ok}`))
    if (isAnswered) {
      tally.succeed()
      return
    }
    const code = this.#closeCode
    this.#socket = undefined
    this.#closeCode = undefined
    if (code !== goingAway) throw new Error(`WebSocket closed with ${code ?? 'nothing'}, expected ${goingAway}`)
  }

  close(): void {
    this.#socket?.terminate()
  }

  #open(): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(this.#url, { handshakeTimeout: waitTimeoutMs, rejectUnauthorized: false })
      this.#socket = socket
      socket.once('open', () => resolve(socket))
      socket.on('error', error => {
        if (this.#socket === socket) this.#socket = undefined
        reject(error)
      })
      socket.once('close', code => {
        if (this.#socket === socket) this.#closeCode = code
      })
    })
  }
}

/** Sends one message. Whether its echo came; false when the socket was closed instead. */
function converse(socket: WebSocket, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.off('message', onMessage)
      socket.off('close', onClose)
      settle()
    }
    const onMessage = (data: unknown): void => {
      finish(() => (String(data) === text ? resolve(true) : reject(new Error(`answered ${data} to ${text}`))))
    }
    const onClose = (): void => finish(() => resolve(false))
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer after ${waitTimeoutMs} ms`))),
      waitTimeoutMs,
    )
    socket.on('message', onMessage)
    socket.on('close', onClose)
    // A socket that is closing refuses the message, and its end is an event of its own.
    socket.send(text, () => {})
  })
}
