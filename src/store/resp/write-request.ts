/** The way out: requests as a client writes them, and the buffer that replies are written with, too. */

import { types } from 'node:util'

/** From this size on bytes are handed on as they are: copying them costs more than one more piece to write. */
const passThroughMin = 16_384
const slabBytes = 16_384
const slabBytesMax = 1_048_576
/** A rest that is shorter is not worth to be kept for the next batch. */
const spareBytesMin = 4_096
const sparesMax = 64

/** Up to here a loop in JavaScript is faster than the call that writes a string. */
const loopLengthMax = 24
/** Up to here room for the longest encoding of a string is reserved without looking how long it is. */
const shortLengthMax = 1_024
/** A type byte, 16 digits with their sign, and the line ends of the header and of the value. */
export const headerBytesMax = 24

// The unused rests of slabs, for whichever writer comes next. So a connection holds memory only while it has something
// to write: ten thousand idle ones hold nothing.
const spares: Buffer[] = []

/**
 * Bytes to be written, in as few pieces as possible. What is written stays where it is: a socket may still be sending
 * the pieces that were taken, so a slab is filled once and never again.
 */
export class OutputBuffer {
  /** The slab in use, and where to write next. After `reserve` the caller writes here itself: this is the hot path. */
  bytes: Buffer = empty
  at = 0
  #start = 0
  #pieces: Buffer[] = []
  #piecesBytes = 0

  /** How many bytes `take` would return. */
  get byteLength(): number {
    return this.#piecesBytes + this.at - this.#start
  }

  /** Makes room for so many bytes at `at`. */
  reserve(byteCount: number): void {
    if (this.bytes.length - this.at < byteCount) this.#replaceSlab(byteCount)
  }

  /** Appends bytes; many are not copied, so they must not change until they are sent. */
  append(value: Uint8Array): void {
    if (value.length >= passThroughMin) {
      this.#cutPiece()
      this.#pushPiece(Buffer.from(value.buffer, value.byteOffset, value.length))
      return
    }
    this.reserve(value.length)
    this.bytes.set(value, this.at)
    this.at += value.length
  }

  /** Everything appended since the last time. */
  take(): Buffer[] {
    this.#cutPiece()
    this.#releaseSlab()
    const pieces = this.#pieces
    this.#pieces = []
    this.#piecesBytes = 0
    return pieces
  }

  #replaceSlab(byteCount: number): void {
    this.#cutPiece()
    this.#releaseSlab()
    const spare = spares.at(-1)
    if (spare && spare.length >= byteCount && this.#piecesBytes < slabBytes) {
      this.bytes = spare
      spares.pop()
      return
    }
    // As much again as this batch has already: a long batch has few pieces, and a short one little memory.
    const sizeBytes = Math.max(slabBytes, byteCount, Math.min(this.#piecesBytes, slabBytesMax))
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes)
  }

  #releaseSlab(): void {
    const { bytes } = this
    const isWorthKeeping = bytes.length - this.at >= spareBytesMin && bytes.buffer.byteLength === slabBytes
    if (isWorthKeeping && spares.length < sparesMax) spares.push(bytes.subarray(this.at))
    this.bytes = empty
    this.at = 0
    this.#start = 0
  }

  #cutPiece(): void {
    if (this.at === this.#start) return
    this.#pushPiece(this.bytes.subarray(this.#start, this.at))
    this.#start = this.at
  }

  #pushPiece(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#piecesBytes += piece.length
  }
}

const empty = Buffer.alloc(0)

/**
 * Encodes requests, as many as one likes before they are taken:
 *
 * ```ts
 * const writer = new RequestWriter()
 * writer.append(['SET', 'visits', 1])
 * writer.take()  // [<Buffer "*3\r\n$3\r\nSET\r\n$6\r\nvisits\r\n$1\r\n1\r\n">]
 * ```
 */
export class RequestWriter {
  readonly #out = new OutputBuffer()

  /** How many bytes are waiting to be taken. */
  get byteLength(): number {
    return this.#out.byteLength
  }

  /** Strings are UTF-8. A large `Uint8Array` is not copied: it must not change until it is sent. */
  append(args: readonly (string | number | Uint8Array)[]): void {
    for (let i = 0; i < args.length; i++) throwIfUnfit(args[i])
    const out = this.#out
    out.reserve(headerBytesMax)
    writeHeader(out, asterisk, args.length)
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      if (typeof arg === 'string') writeText(out, arg)
      else if (typeof arg === 'number') writeText(out, String(arg))
      else writeBulk(out, arg as Uint8Array)
    }
  }

  take(): Buffer[] {
    return this.#out.take()
  }
}

/** Before a byte is written: half a request would be read together with the next one, for ever. */
function throwIfUnfit(arg: unknown): void {
  if (typeof arg === 'string' || typeof arg === 'number' || types.isUint8Array(arg)) return
  throw new TypeError('A part of a request is a text, a number or bytes.')
}

const asterisk = 42
const dollar = 36

/** `$3\r\nSET\r\n`, of bytes. */
export function writeBulk(out: OutputBuffer, value: Uint8Array): void {
  const { length } = value
  out.reserve(length < passThroughMin ? headerBytesMax + length : headerBytesMax)
  writeHeader(out, dollar, length)
  out.append(value)
  out.reserve(2)
  writeLineEnd(out)
}

/** `$3\r\nSET\r\n`, of a string as UTF-8. */
export function writeText(out: OutputBuffer, text: string): void {
  const { length } = text
  if (length > shortLengthMax) {
    writeLongText(out, text)
    return
  }
  out.reserve(headerBytesMax + 3 * length)
  const start = out.at
  writeHeader(out, dollar, length)
  const isAscii = length <= loopLengthMax ? writeAscii(out, text) : writeWhenAscii(out, text)
  if (!isAscii) {
    // The header said the length of an ASCII text, and this is none.
    out.at = start
    writeHeader(out, dollar, Buffer.byteLength(text))
    out.at += out.bytes.write(text, out.at)
  }
  writeLineEnd(out)
}

function writeLongText(out: OutputBuffer, text: string): void {
  const byteLength = Buffer.byteLength(text)
  if (byteLength >= passThroughMin) {
    writeBulk(out, Buffer.from(text))
    return
  }
  out.reserve(headerBytesMax + byteLength)
  writeHeader(out, dollar, byteLength)
  out.at += out.bytes.write(text, out.at)
  writeLineEnd(out)
}

/** False when it met a character that needs more than a byte; where it stopped then is of no use. */
function writeAscii(out: OutputBuffer, text: string): boolean {
  const { bytes } = out
  let { at } = out
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return false
    bytes[at++] = code
  }
  out.at = at
  return true
}

function writeWhenAscii(out: OutputBuffer, text: string): boolean {
  const byteLength = out.bytes.write(text, out.at)
  out.at += byteLength
  return byteLength === text.length
}

/** A type byte, a whole number and a line end; room for them is reserved. */
export function writeHeader(out: OutputBuffer, type: number, value: number): void {
  const { bytes } = out
  let { at } = out
  bytes[at++] = type
  if (value >= 0 && value < 10) {
    bytes[at++] = 48 + value
  } else if (value >= 10 && value < 100) {
    const tens = (value / 10) | 0
    bytes[at++] = 48 + tens
    bytes[at++] = 48 + value - 10 * tens
  } else {
    at = writeDigits(bytes, at, value)
  }
  bytes[at] = 13
  bytes[at + 1] = 10
  out.at = at + 2
}

/** The digits of a whole number, with its sign; returns where they end. */
function writeDigits(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  if (rest < 0) {
    bytes[at++] = 45
    rest = -rest
  }
  let end = at + 1
  for (let power = 10; power <= rest; power *= 10) end++
  for (let place = end - 1; place >= at; place--) {
    const tenth = Math.floor(rest / 10)
    bytes[place] = 48 + (rest - 10 * tenth)
    rest = tenth
  }
  return end
}

export function writeLineEnd(out: OutputBuffer): void {
  out.bytes[out.at] = 13
  out.bytes[out.at + 1] = 10
  out.at += 2
}
