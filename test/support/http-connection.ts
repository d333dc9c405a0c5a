import { connect, type Socket } from 'node:net'
import tls from 'node:tls'
import { type HttpResponse, parseResponse } from './http-response.ts'

/** How long anything in a test may take before it has failed. It only ends what hangs: a busy machine is no fault. */
export const waitTimeoutMs = 60_000

export interface OpenOptions {
  /** For connecting, and for each response. Default 60,000. */
  readonly timeoutMs?: number
}

/**
 * One connection to a server, and the responses on it in their order. It repeats nothing and hides nothing: a
 * request that is not answered in full is an error.
 */
export class HttpConnection {
  readonly #socket: Socket
  readonly #timeoutMs: number
  #received = Buffer.alloc(0)
  #isEnded = false
  #isLast = false
  /** Why the socket broke, where it did: what came until then may be a part only. */
  #fault: string | undefined
  #progress: () => void = () => {}

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#progress()
    })
    socket.on('error', error => {
      this.#fault = error.message
    })
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#isEnded = true
        this.#progress()
      })
    }
  }

  /**
   * Connects to `http://HOST:PORT`, `https://HOST:PORT` (whatever its certificate) or `unix:PATH`.
   *
   * @throws {Error} when nobody listens there, or nobody takes the connection in time.
   */
  static open(target: string, options: OpenOptions = {}): Promise<HttpConnection> {
    const timeoutMs = options.timeoutMs ?? waitTimeoutMs
    return new Promise((resolve, reject) => {
      const isSecure = target.startsWith('https:')
      const socket = isSecure
        ? tls.connect({ ...socketOptions(target), rejectUnauthorized: false })
        : connect(socketOptions(target))
      const timer = setTimeout(() => socket.destroy(new Error(`no connection after ${timeoutMs} ms`)), timeoutMs)
      socket.once('error', error => {
        clearTimeout(timer)
        reject(error)
      })
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve(new HttpConnection(socket, timeoutMs))
      })
    })
  }

  /** Whether another request may be sent: the server has neither closed nor announced that it will. */
  get isReusable(): boolean {
    return !this.#isEnded && !this.#isLast && this.#received.length === 0
  }

  /** Whether the server has closed its side. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  send(data: string | Uint8Array): void {
    // A write to a closed connection fails here, and as a missing response where it is waited for.
    this.#socket.write(data, () => {})
  }

  /**
   * The next response on this connection.
   *
   * @throws {Error} when the connection ends before it is complete, or it is not there in time.
   */
  receive(options: { readonly isHead?: boolean; readonly timeoutMs?: number } = {}): Promise<HttpResponse> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#progress = () => {}
        settle()
      }
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`no response after ${timeoutMs} ms (${this.#received.length} bytes came)`)))
      }, timeoutMs)
      this.#progress = () => {
        try {
          const response = this.#takeResponse(options.isHead === true)
          if (response) finish(() => resolve(response))
        } catch (error) {
          finish(() => reject(error))
        }
      }
      this.#progress()
    })
  }

  close(): void {
    this.#fault ??= 'closed by the client'
    this.#isEnded = true
    this.#socket.destroy()
  }

  #takeResponse(isHead: boolean): HttpResponse | undefined {
    const parsed = parseResponse(this.#received, { isHead, isEnded: this.#isEnded && !this.#fault })
    if (!parsed) {
      if (!this.#isEnded) return undefined
      const size = this.#received.length
      const reason = this.#fault ?? 'closed by the server'
      throw new Error(size === 0 ? `no response: ${reason}` : `${reason} after ${size} bytes of a response`)
    }
    this.#received = this.#received.subarray(parsed.sizeBytes)
    this.#isLast = parsed.response.isLast
    return parsed.response
  }
}

export interface RequestOptions extends OpenOptions {
  /** Default GET. */
  readonly method?: string
  /** Default `/`. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/**
 * One request on a connection of its own.
 *
 * ```ts
 * const response = await request('unix:/run/shop.sock', { path: '/status' })
 * ```
 */
export async function request(target: string, options: RequestOptions = {}): Promise<HttpResponse> {
  const connection = await HttpConnection.open(target, options)
  try {
    connection.send(formatRequest({ ...options, headers: { Connection: 'close', ...options.headers } }))
    if (options.body !== undefined) connection.send(options.body)
    return await connection.receive({ isHead: options.method === 'HEAD' })
  } finally {
    connection.close()
  }
}

/** The head of a request; the length of the body is added to it. */
export function formatRequest(options: RequestOptions): string {
  const headers: Record<string, string> = { Host: 'localhost', ...options.headers }
  if (options.body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(options.body))
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${options.method ?? 'GET'} ${options.path ?? '/'} HTTP/1.1\r\n${lines.join('')}\r\n`
}

function socketOptions(target: string): { path: string } | { host: string; port: number } {
  if (target.startsWith('unix:')) return { path: target.slice('unix:'.length) }
  const { hostname, port } = new URL(target)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}
