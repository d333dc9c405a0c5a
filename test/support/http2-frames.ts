/** A client of HTTP/2 that sends any frames, valid or not, and notes what comes back (RFC 9113, 4.1). */
import net from 'node:net'
import tls from 'node:tls'
import { waitTimeoutMs } from './http-connection.ts'

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(type: number, flagBits: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flagBits
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export type Fields = readonly (readonly [name: string, value: string])[]

/** Literal fields that are not indexed (RFC 7541, 6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length), bytes])
}

/** With a prefix of seven bits (RFC 7541, 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  for (let rest = value - 127; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128)
    if (rest < 128) return Buffer.from(bytes)
  }
}

export function requestFields(path = '/', method = 'GET'): Fields {
  return [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'example.org'],
    [':path', path],
  ]
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(bytes)
  return frame(frameTypes.windowUpdate, 0, stream, payload)
}

/** SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113, 6.5.2). */
export function initialWindow(bytes: number): Buffer {
  const payload = Buffer.alloc(6)
  payload.writeUInt16BE(4, 0)
  payload.writeUInt32BE(bytes, 2)
  return frame(frameTypes.settings, 0, 0, payload)
}

/** One connection. `frames` are all that came. */
export class FrameConnection {
  readonly socket: net.Socket
  readonly frames: Frame[] = []
  /** The connection has ended, from whichever side. */
  readonly closed: Promise<void>
  isClosed = false
  #received = Buffer.alloc(0)
  #progress: () => void = () => {}

  constructor(port: number, options: { readonly isTls?: boolean; readonly settings?: Buffer } = {}) {
    const address = { port, host: '127.0.0.1' }
    this.socket = options.isTls
      ? tls.connect({ ...address, ALPNProtocols: ['h2'], rejectUnauthorized: false })
      : net.connect(address)
    this.socket.on('error', () => {})
    this.socket.on('data', data => this.#read(data))
    this.closed = new Promise(resolve => {
      const finish = () => {
        this.isClosed = true
        this.#progress()
        resolve()
      }
      this.socket.once('end', finish)
      this.socket.once('close', finish)
    })
    this.socket.write(preface)
    this.socket.write(options.settings ?? frame(frameTypes.settings, 0, 0))
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** Sends the head of a request. */
  request(stream: number, fields: Fields, flagBits: number = flags.endStream | flags.endHeaders): void {
    this.send(frame(frameTypes.headers, flagBits, stream, block(fields)))
  }

  /** The first frame that matches, among those that came already, too; undefined when the connection ends before. */
  async waitFor(matches: (frame: Frame) => boolean): Promise<Frame | undefined> {
    const deadline = setTimeout(() => this.socket.destroy(new Error('too late')), waitTimeoutMs)
    try {
      for (;;) {
        const found = this.frames.find(matches)
        if (found || this.isClosed) return found
        await new Promise<void>(resolve => {
          this.#progress = resolve
        })
      }
    } finally {
      clearTimeout(deadline)
    }
  }

  /** The code with which a stream was reset. */
  async resetCode(stream: number): Promise<number | undefined> {
    const found = await this.waitFor(({ type, stream: id }) => type === frameTypes.reset && id === stream)
    return found?.payload.readUInt32BE(0)
  }

  /** The code of the last GOAWAY, once the connection has ended. */
  async goawayCode(): Promise<number | undefined> {
    await this.waitFor(() => false)
    return this.frames.findLast(({ type }) => type === frameTypes.goaway)?.payload.readUInt32BE(4)
  }

  /** The first frame of the answer. */
  answer(stream: number): Promise<Frame | undefined> {
    return this.waitFor(({ type, stream: id }) => type === frameTypes.headers && id === stream)
  }

  close(): void {
    this.socket.destroy()
  }

  #read(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    for (;;) {
      const bytes = this.#received
      if (bytes.length < 9) break
      const length = bytes.readUIntBE(0, 3)
      if (bytes.length < 9 + length) break
      this.frames.push({
        type: bytes[3] ?? 0,
        flags: bytes[4] ?? 0,
        stream: bytes.readUInt32BE(5),
        payload: bytes.subarray(9, 9 + length),
      })
      this.#received = bytes.subarray(9 + length)
    }
    this.#progress()
  }
}
