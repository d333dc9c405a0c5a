/** Requests that no honest client sends: written by hand, sent as they are, their answers read as they come. */
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import tls from 'node:tls'
import { waitTimeoutMs } from './http-connection.ts'
import { type HttpResponse, parseResponse } from './http-response.ts'
import { startTree, type Tree } from './tree.ts'

/** One request in parts, so that it can be sent in any version of HTTP. */
export interface OddRequest {
  /** Default GET. */
  readonly method?: string
  /** Default `/`. */
  readonly target?: string
  /** Default 1.1. */
  readonly version?: string
  /** Default `localhost`; null for none. */
  readonly host?: string | null
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** As it stands behind the head, framing included. */
  readonly body?: string
}

/** Bytes of HTTP/1.1; each character of the request is one. */
export function requestText({ method = 'GET', target = '/', version = '1.1', ...rest }: OddRequest): string {
  const { host = 'localhost', headers = [], body = '' } = rest
  const all = host === null ? headers : [['Host', host] as const, ...headers]
  return `${method} ${target} HTTP/${version}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

export interface Answers {
  readonly responses: readonly HttpResponse[]
  /** The server has ended the connection. */
  readonly isClosed: boolean
}

/**
 * Sends the bytes on a connection of its own, to `http://HOST:PORT`, `https://HOST:PORT` (whatever its certificate) or
 * `unix:PATH`, and reads what is answered until the server ends it, `count` responses have come, or `timeoutMs` is over.
 */
export function exchange(
  url: string,
  text: string | Buffer,
  { count = Number.POSITIVE_INFINITY, timeoutMs = waitTimeoutMs } = {},
): Promise<Answers> {
  const isHead = String(text).startsWith('HEAD ')
  return new Promise(resolve => {
    const socket = socketTo(url)
    const responses: HttpResponse[] = []
    let received = Buffer.alloc(0)
    const finish = (isClosed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ responses, isClosed })
    }
    const read = (isEnded: boolean) => {
      for (;;) {
        const parsed = tryParse(received, { isEnded, isHead })
        if (!parsed) return
        responses.push(parsed.response)
        received = received.subarray(parsed.sizeBytes)
        if (responses.length >= count) finish(false)
      }
    }
    const timer = setTimeout(finish, timeoutMs, false)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      read(false)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      read(true)
      finish(true)
    })
    socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  })
}

function socketTo(url: string): Socket {
  if (url.startsWith('unix:')) return connect({ path: url.slice('unix:'.length) })
  const { protocol, hostname, port } = new URL(url)
  const address = { host: hostname, port: Number(port) }
  return protocol === 'https:' ? tls.connect({ ...address, rejectUnauthorized: false }) : connect(address)
}

function tryParse(received: Buffer, options: { isEnded: boolean; isHead: boolean }) {
  if (received.length === 0) return undefined
  try {
    return parseResponse(received, options)
  } catch {
    // The answer of nginx to HTTP/0.9 is a body and nothing else.
    return undefined
  }
}

/** What the application has seen of a request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly distinct: Readonly<Record<string, readonly string[]>>
  readonly body: string
}

/** Answers every request with what it has seen of it, once it has come as a whole. */
export const echo = `export default (req, res) => {
  const chunks = []
  req.on('data', chunk => chunks.push(chunk))
  req.on('end', () => {
    const { method, url, rawHeaders, headers, headersDistinct: distinct } = req
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify({ method, url, rawHeaders, headers, distinct, body: Buffer.concat(chunks).toString('latin1') }))
  })
}
`

/** A tree with an edge before an application that echoes; `edge` is the section of the configuration. */
export function startEcho(t: TestContext, edge: object = {}, app: object = {}): Promise<Tree> {
  return startTree(t, {
    files: { 'app.mjs': echo },
    config: { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge, ...app } } },
  })
}

export function seen(response: HttpResponse | undefined): Seen {
  return JSON.parse(String(response?.body))
}

/** Of one request on a connection of its own: the status, and what the application has seen where it was asked. */
export async function ask(url: string, request: OddRequest): Promise<{ status: number; seen: Seen | undefined }> {
  const { responses } = await exchange(url, requestText(request), { count: 1 })
  const [response] = responses
  const isEchoed = response?.headers.get('content-type') === 'application/json'
  return { status: response?.status ?? 0, seen: isEchoed ? seen(response) : undefined }
}
