/**
 * A client of HTTP/2 that sends heads of requests as they are written, valid or not: Node's own client, whose HEADERS frames are
 * replaced on the way. So answers are read, and windows kept, by Node; and no check of Node stands in the way of an odd field.
 */
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { waitTimeoutMs } from './http-connection.ts'
import { block, type Fields, flags, frame, frameTypes, preface } from './http2-frames.ts'

export interface Http2Answer {
  /** 0 without an answer. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The code that the stream ended with; undefined when its connection ended without one. */
  readonly resetCode: number | undefined
}

export class OddHttp2Client {
  readonly #session: ClientHttp2Session
  readonly #heads: HeadReplacer

  /** Connects to `https://HOST:PORT`, whatever its certificate. */
  static async open(url: string): Promise<OddHttp2Client> {
    const { hostname, port } = new URL(url)
    const options = { host: hostname, port: Number(port), ALPNProtocols: ['h2'], rejectUnauthorized: false }
    const socket = tls.connect(options)
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    return new OddHttp2Client(url, socket)
  }

  private constructor(url: string, socket: Socket) {
    this.#heads = new HeadReplacer(socket)
    this.#session = http2.connect(url, { createConnection: () => this.#heads, maxSessionMemory: 1_000 })
    this.#session.on('error', () => {})
  }

  get isClosed(): boolean {
    return this.#session.closed || this.#session.destroyed
  }

  /** Sends one request, with its body in DATA frames, and waits until its stream is closed. */
  ask(fields: Fields, body?: string): Promise<Http2Answer> {
    const isHead = fields.some(([name, value]) => name === ':method' && value === 'HEAD')
    this.#heads.next.push(block(fields))
    const stream = this.#session.request({ ':method': isHead ? 'HEAD' : 'GET' }, { endStream: body === undefined })
    return new Promise(resolve => {
      const timer = setTimeout(() => this.#session.destroy(), waitTimeoutMs)
      const chunks: Buffer[] = []
      let headers: IncomingHttpHeaders = {}
      stream.on('response', each => {
        headers = each
      })
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('error', () => {})
      // Answered and reset amid its body, a stream of Node's client may wait for ever for the rest of its own writes.
      stream.on('end', () => stream.close())
      stream.on('close', () => {
        clearTimeout(timer)
        const { rstCode: resetCode } = stream
        resolve({ status: Number(headers[':status'] ?? 0), headers, body: Buffer.concat(chunks), resetCode })
      })
      if (body !== undefined) stream.end(Buffer.from(body, 'latin1'))
    })
  }

  close(): void {
    this.#session.destroy()
  }
}

const frameHeadBytes = 9
const frameBytesMax = 16_384

/** Passes bytes on in both directions, with other blocks in the HEADERS frames of the client. */
class HeadReplacer extends Duplex {
  /** In the order of the requests. */
  readonly next: Buffer[] = []
  readonly #socket: Socket
  #unsent = Buffer.alloc(0)
  #isBegun = false

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', data => this.push(data))
    socket.on('end', () => this.push(null))
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  override _read(): void {}

  override _write(data: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#unsent = Buffer.concat([this.#unsent, data])
    this.#socket.write(this.#takeFrames(), () => callback())
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy()
    callback(error)
  }

  #takeFrames(): Buffer {
    const sent: Buffer[] = []
    if (!this.#isBegun && this.#unsent.length >= preface.length) {
      this.#isBegun = true
      sent.push(this.#take(preface.length))
    }
    while (this.#isBegun && this.#unsent.length >= frameHeadBytes) {
      const size = frameHeadBytes + this.#unsent.readUIntBE(0, 3)
      if (this.#unsent.length < size) break
      const bytes = this.#take(size)
      const head = bytes[3] === frameTypes.headers ? this.next.shift() : undefined
      sent.push(head ? headFrames(bytes.readUInt32BE(5), (bytes[4] ?? 0) & flags.endStream, head) : bytes)
    }
    return Buffer.concat(sent)
  }

  #take(size: number): Buffer {
    const taken = this.#unsent.subarray(0, size)
    this.#unsent = this.#unsent.subarray(size)
    return taken
  }
}

/** HEADERS, and CONTINUATION for what does not fit in (RFC 9113, 6.10). */
function headFrames(stream: number, endStream: number, bytes: Buffer): Buffer {
  const frames: Buffer[] = []
  for (let start = 0; start < bytes.length; start += frameBytesMax) {
    const end = start + frameBytesMax >= bytes.length ? flags.endHeaders : 0
    const [type, bits] = start === 0 ? [frameTypes.headers, endStream | end] : [frameTypes.continuation, end]
    frames.push(frame(type, bits, stream, bytes.subarray(start, start + frameBytesMax)))
  }
  return Buffer.concat(frames)
}
