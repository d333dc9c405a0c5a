const newline = 0x0a
const empty = Buffer.alloc(0)

/** 64 KiB, what a pipe holds. */
const lineBytesDefault = 64 * 1024

/** Ends each piece of a line that was too long, but the last. */
export const cutMark = ' [line goes on]\n'

/**
 * Turns the chunks of a stream into blocks of whole lines, so that no reader sees half a line or half a character.
 * It works on bytes and copies little: a block is handed on as it came, and split only by who needs single lines.
 *
 * A line longer than `lineBytesMax` is cut into pieces between two UTF-8 characters: a program that never writes a newline
 * must not grow this process.
 *
 * ```ts
 * splitter.push(Buffer.from('one\ntw'))  // 'one\n'
 * splitter.push(Buffer.from('o\n'))      // 'two\n'
 * splitter.end()                         // the rest with a newline, or an empty buffer
 * ```
 */
export class LineSplitter {
  readonly #lineBytesMax: number
  #tail: Buffer = empty

  /** `lineBytesMax` is 64 KiB by default, without the newline. */
  constructor({ lineBytesMax = lineBytesDefault }: { readonly lineBytesMax?: number } = {}) {
    this.#lineBytesMax = lineBytesMax
  }

  /** Whole lines, each with its newline; empty when the chunk ended none. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    const end = bytes.lastIndexOf(newline) + 1
    if (bytes.length <= this.#lineBytesMax) {
      this.#keepTail(bytes, end)
      return bytes.subarray(0, end)
    }
    const { pieces, rest } = this.#cutLongLines(bytes)
    const last = rest.lastIndexOf(newline) + 1
    this.#keepTail(rest, last)
    pieces.push(rest.subarray(0, last))
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }

  end(): Buffer {
    const rest = this.#tail
    this.#tail = empty
    return rest.length === 0 ? rest : Buffer.concat([rest, Buffer.from('\n')])
  }

  /** An empty tail must not hold on to the memory of a whole chunk. */
  #keepTail(bytes: Buffer, from: number): void {
    this.#tail = from === bytes.length ? empty : bytes.subarray(from)
  }

  /** Looks at the last newline in each window of a line's length: where there is none, a line is too long. */
  #cutLongLines(bytes: Buffer): { pieces: Buffer[]; rest: Buffer } {
    const pieces: Buffer[] = []
    let begin = 0
    let from = 0
    while (bytes.length - from > this.#lineBytesMax) {
      const at = bytes.lastIndexOf(newline, from + this.#lineBytesMax)
      if (at >= from) {
        from = at + 1
        continue
      }
      from = characterStart(bytes, from + this.#lineBytesMax)
      pieces.push(bytes.subarray(begin, from), Buffer.from(cutMark))
      begin = from
    }
    return { pieces, rest: bytes.subarray(begin) }
  }
}

/** The place at or just before `at` where a UTF-8 character begins; `at` itself in what is no UTF-8. */
function characterStart(bytes: Buffer, at: number): number {
  for (let back = 0; back < 4; back++) {
    if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back
  }
  return at
}
