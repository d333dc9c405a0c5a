/**
 * Sends the body of an answer piece by piece: the next one is read when the client has taken the one before. So a client
 * that reads slowly costs one piece of memory, and nothing is read for one that has left.
 */
import fs from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { ByteRange } from '../content/ranges.ts'
import { hasHooks } from '../response-hooks.ts'
import type { Descriptor } from './descriptor.ts'
import type { PiecePool } from './piece-pool.ts'

/** A piece of text between, or a part of the file. */
export type BodyPart = Buffer | ByteRange

/**
 * Sends parts of an open file behind a head that announces their length. A file that turns out shorter breaks the
 * connection off: a short body must not look like a whole one.
 *
 * @param descriptor acquired by the caller, released here
 */
export function sendParts(
  res: ServerResponse,
  descriptor: Descriptor,
  parts: readonly BodyPart[],
  pool: PiecePool,
): void {
  new PartSender(res, descriptor, parts, pool).next()
}

class PartSender {
  readonly #res: ServerResponse
  readonly #descriptor: Descriptor
  readonly #parts: readonly BodyPart[]
  readonly #pool: PiecePool
  /** A hook may keep what it is given: then each piece has memory of its own. */
  readonly #isReusing: boolean
  #at = 0
  /** How much of the current part is sent, in bytes. */
  #offset = 0
  #isReading = false
  #isOver = false
  #piece: Buffer | undefined

  constructor(res: ServerResponse, descriptor: Descriptor, parts: readonly BodyPart[], pool: PiecePool) {
    this.#res = res
    this.#descriptor = descriptor
    this.#parts = parts
    this.#pool = pool
    this.#isReusing = !hasHooks(res)
    res.once('close', () => this.#finish())
  }

  next(): void {
    if (this.#isOver) return
    const part = this.#parts[this.#at]
    if (part === undefined) this.#res.end()
    else if (Buffer.isBuffer(part)) this.#sendText(part)
    else this.#read(part)
  }

  #sendText(part: Buffer): void {
    this.#at++
    this.#write(part, () => {})
  }

  #read({ start, end }: ByteRange): void {
    const piece = this.#pool.take()
    const position = start + this.#offset
    const length = Math.min(piece.length, end + 1 - position)
    this.#isReading = true
    this.#piece = piece
    fs.read(this.#descriptor.fd, piece, 0, length, position, (error, bytesRead) => {
      this.#isReading = false
      if (this.#isOver) {
        this.#pool.give(piece)
        this.#descriptor.release()
      } else if (error || bytesRead === 0) {
        this.#res.destroy()
      } else {
        this.#sendPiece(piece, bytesRead, position + bytesRead > end)
      }
    })
  }

  #sendPiece(piece: Buffer, length: number, isPartDone: boolean): void {
    this.#offset = isPartDone ? 0 : this.#offset + length
    if (isPartDone) this.#at++
    const chunk = this.#isReusing ? piece.subarray(0, length) : Buffer.from(piece.subarray(0, length))
    this.#write(chunk, () => {
      if (this.#piece !== piece) return
      this.#piece = undefined
      this.#pool.give(piece)
    })
  }

  #write(chunk: Buffer, onSent: () => void): void {
    if (this.#at === this.#parts.length) {
      this.#res.end(chunk, onSent)
      return
    }
    this.#res.write(chunk, error => {
      if (error) return
      onSent()
      this.next()
    })
  }

  /** All is sent, or the client has left. */
  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    // A read that is under way still writes into its piece, and needs the file.
    if (this.#isReading) return
    if (this.#piece) this.#pool.lose(this.#piece)
    this.#piece = undefined
    this.#descriptor.release()
  }
}
