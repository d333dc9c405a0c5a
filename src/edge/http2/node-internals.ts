/** All that the bridge relies on in Node beyond its documentation: looked at in 24.21 and 26.10. */
import type { ServerResponse } from 'node:http'

/** Fields and methods of every ServerResponse that are not documented. */
export interface ResponseInternals {
  /** The head as text. Once it is a text, `headersSent` is true and headers cannot be changed. */
  _header: string | null
  /** Whether the text has left. True keeps Node from writing it before the body. */
  _headerSent: boolean
  /** False for HEAD, 204 and 304: bytes of a body are dropped. */
  _hasBody: boolean
  /** Bytes of the body, when `end` was given all of it at once. */
  _contentLength: number | null
  /** The application has removed Content-Length: it is not to be added. */
  _removedContLen: boolean
  /** An `Expect: 100-continue` that was not answered yet. */
  _expect_continue: boolean
  _sent100: boolean
  /** Bytes are framed as chunks: never in HTTP/2. */
  chunkedEncoding: boolean
  /** Called by `writeHead`, with the status line and the headers, to make the head. */
  _storeHeader(statusLine: string, headers: unknown): void
  /** Every byte of a body, and what follows it, goes through here to the socket. */
  _send(data: Data, encoding?: BufferEncoding | null, callback?: WriteCallback | null, length?: number): boolean
  /** Called by `end` when all was handed to the socket. */
  _finish(): void
}

export type Data = string | Uint8Array
export type WriteCallback = (error?: Error | null) => void

/** Fields and methods of every IncomingMessage that are not documented. */
export interface RequestInternals {
  /** Takes names and values in turn; with `complete` they are the trailers. */
  _addHeaderLines(lines: string[], count: number): void
  /** Somebody reads the body. */
  readonly _consuming: boolean
  /** Lets what still comes of the body go. */
  _dump(): void
}

/** A socket knows the response that it belongs to: its 'close' is passed on to it. */
export interface SocketInternals {
  _httpMessage?: ServerResponse | null
  /** Something could not be written: what was handed to it last is no 'finish' of that response. */
  _hadError?: boolean
}

/** A write has returned false, and the socket has taken everything: Node's HTTP/1.1 does this for its connections. */
export function emitDrain(res: ServerResponse): void {
  if (!res.writableNeedDrain || res.writableLength > 0) return
  needDrain ??= Object.getOwnPropertySymbols(res).find(({ description }) => description === 'kNeedDrain')
  if (needDrain) (res as unknown as Record<symbol, boolean>)[needDrain] = false
  res.emit('drain')
}

/** An answer has left: Node's HTTP/1.1 says so once, whether its connection closes or not. */
export function emitClose(res: ServerResponse & { _closed?: boolean }): void {
  if (res._closed) return
  res.destroyed = true
  res._closed = true
  res.emit('close')
}

/** Node's own name for "a write has returned false". */
let needDrain: symbol | undefined
