/** A command's name and its arguments. They are views of the chunks that came in: whoever keeps one, copies it. */
export type Request = readonly Buffer[]

export interface RequestLimits {
  /** The longest argument. */
  readonly argumentBytesMax: number
  /** How many arguments a command has at most, its name among them. */
  readonly argumentsMax: number
  /** The longest line of a command that is typed by hand. */
  readonly inlineBytesMax: number
  /** Whoever sends has not said who it is: that is why the limits are low. */
  readonly isStranger?: boolean
}

/** What was sent is no RESP: the connection has to end. The message is what Redis says, to be sent as `-ERR …`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  /** What came whole before the fault, in the same push: Redis runs these, and so should we. */
  readonly requests: readonly Request[]

  constructor(message: string, requests: readonly Request[] = []) {
    super(message)
    this.requests = requests
  }
}

/**
 * Reads the requests of one connection, from pieces that are cut anywhere.
 *
 * ```ts
 * const parser = new RequestParser({ argumentBytesMax: 1_000, argumentsMax: 10, inlineBytesMax: 1_000 })
 * parser.push(Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\n'))  // []
 * parser.push(Buffer.from('a\r\nPING\r\n'))              // [[GET, a], [PING]]
 * ```
 *
 * An argument that lies in one chunk is a view of it. One that doesn't is copied into a buffer of its own, which grows
 * with what arrives: a client that announces much and sends nothing occupies nothing.
 */
export class RequestParser {
  /** May be changed between two requests: a connection that has said who it is may send more. */
  limits: RequestLimits
  /** What is being read: the chunk, and where in it. */
  #chunk: Buffer = empty
  #at = 0
  /** What has come behind it, and is not looked at before there is nothing whole in it any more. */
  readonly #later: Buffer[] = []
  #laterBytes = 0
  /** The unfinished request: its arguments so far, and how many are missing. */
  #args: Buffer[] = []
  #missing = 0
  /** The argument whose end has not arrived. */
  #partial: PartialValue | undefined
  /** How long the unfinished request is on the wire, without what stands in the chunk. */
  #takenBytes = 0
  #failure: ProtocolError | undefined

  constructor(limits: RequestLimits) {
    this.limits = limits
  }

  /** How many bytes have arrived that are in no request yet: the caller may end a connection that collects too many. */
  get pendingBytes(): number {
    return this.#takenBytes + this.#chunk.length - this.#at + this.#laterBytes
  }

  /** The requests that this chunk completes. Throws a ProtocolError, and then at every further call. */
  push(chunk: Buffer): Request[] {
    this.feed(chunk)
    const requests: Request[] = []
    try {
      for (let request = this.next(); request; request = this.next()) requests.push(request)
    } catch (error) {
      throw error instanceof ProtocolError ? new ProtocolError(error.message, requests) : error
    }
    return requests
  }

  /** What has arrived, for `next`. */
  feed(chunk: Buffer): void {
    if (this.#failure || chunk.length === 0) return
    this.#later.push(chunk)
    this.#laterBytes += chunk.length
  }

  /** The next whole request; undefined when it has not arrived. Throws a ProtocolError, and then at every further call. */
  next(): Request | undefined {
    if (this.#failure) throw this.#failure
    try {
      for (;;) {
        const request = this.#read()
        if (request) return request
        if (this.#later.length === 0) return undefined
        this.#takeLater()
      }
    } catch (error) {
      this.#die(error instanceof ProtocolError ? error.message : 'Protocol error: too big request')
      throw this.#failure
    }
  }

  get #blame(): string {
    return this.limits.isStranger ? 'unauthenticated' : 'invalid'
  }

  /** What is left of a chunk is short: a value that is cut has a buffer of its own. */
  #takeLater(): void {
    const rest = this.#chunk.subarray(this.#at)
    const chunk = this.#later.shift() as Buffer
    this.#laterBytes -= chunk.length
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#at = 0
  }

  #read(): Request | undefined {
    for (;;) {
      const start = this.#at
      if (start === this.#chunk.length) {
        this.#chunk = empty
        this.#at = 0
        return undefined
      }
      const isWhole = (this.#missing > 0 || this.#readStart()) && this.#readArguments()
      this.#takenBytes = isWhole ? 0 : this.#takenBytes + this.#at - start
      if (!isWhole) return undefined
      const args = this.#args
      this.#args = []
      if (args.length > 0) return args
    }
  }

  /** The count of arguments, or a whole line. False when that has not arrived, as everywhere below. */
  #readStart(): boolean {
    if (this.#chunk[this.#at] !== asterisk) return this.#readInline()
    const count = this.#readCount(this.limits.argumentsMax, `${this.#blame} multibulk length`)
    // Redis ignores a request without arguments, and one of a negative number of them.
    if (count !== undefined) this.#missing = Math.max(0, count)
    return count !== undefined
  }

  #readArguments(): boolean {
    for (; this.#missing > 0; this.#missing--) {
      const argument = this.#partial ? this.#fillPartial(this.#partial) : this.#readArgument()
      if (argument === undefined) return false
      this.#args.push(argument)
    }
    return true
  }

  #readArgument(): Buffer | undefined {
    const chunk = this.#chunk
    if (this.#at === chunk.length) return undefined
    if (chunk[this.#at] !== dollar) refuse(`expected '$', got '${printableByte(chunk[this.#at])}'`)
    const length = this.#readCount(this.limits.argumentBytesMax, `${this.#blame} bulk length`)
    if (length === undefined) return undefined
    if (length < 0) refuse('invalid bulk length')
    const start = this.#at
    const end = start + length
    if (end + 2 > chunk.length) {
      this.#partial = new PartialValue(length)
      return this.#fillPartial(this.#partial)
    }
    if (chunk[end] !== 13 || chunk[end + 1] !== 10) refuse(noLineEnd)
    this.#at = end + 2
    // A view costs a hundred bytes: many empty arguments would occupy far more than was sent.
    return length === 0 ? empty : chunk.subarray(start, end)
  }

  #fillPartial(partial: PartialValue): Buffer | undefined {
    this.#at += partial.fill(this.#chunk, this.#at)
    if (!partial.isComplete) return undefined
    this.#partial = undefined
    return partial.value() ?? refuse(noLineEnd)
  }

  /** The whole number of `*3\r\n`; moves behind it. */
  #readCount(maximum: number, refusal: string): number | undefined {
    const chunk = this.#chunk
    const end = chunk.length
    const start = this.#at + 1
    const isNegative = start < end && chunk[start] === 45
    const firstDigit = isNegative ? start + 1 : start
    let at = firstDigit
    let count = 0
    for (; at < end; at++) {
      const digit = (chunk[at] as number) - 48
      if (digit < 0 || digit > 9) break
      count = count * 10 + digit
      if (count > maximum || at - start >= digitsMax) refuse(refusal)
    }
    if (at === end) return undefined
    if (at === firstDigit || chunk[at] !== 13) refuse(refusal)
    if (at + 1 === end) return undefined
    if (chunk[at + 1] !== 10) refuse(refusal)
    this.#at = at + 2
    return isNegative ? -count : count
  }

  /** A line without lengths, as a person types it: `SET greeting "hello world"`. */
  #readInline(): boolean {
    const lineEnd = this.#chunk.indexOf(10, this.#at)
    const end = lineEnd < 0 ? this.#chunk.length : lineEnd
    if (end - this.#at > this.limits.inlineBytesMax) refuse('too big inline request')
    if (lineEnd < 0) return false
    const args = splitInline(this.#chunk.subarray(this.#at, lineEnd))
    if (args.length > this.limits.argumentsMax) refuse('too big inline request')
    this.#at = lineEnd + 1
    this.#args = args
    return true
  }

  /** Lets go of everything that has arrived. */
  #die(message: string): void {
    this.#failure = new ProtocolError(message)
    this.#chunk = empty
    this.#at = 0
    this.#later.length = 0
    this.#laterBytes = 0
    this.#args = []
    this.#partial = undefined
    this.#takenBytes = 0
  }
}

function refuse(reason: string): never {
  throw new ProtocolError(`Protocol error: ${reason}`)
}

const empty = Buffer.alloc(0)
const asterisk = 42
const dollar = 36
const noLineEnd = 'expected a line end after the argument'
/** More than any limit has: an endless row of zeros must end, too. */
const digitsMax = 20
const aheadBytesMax = 1_048_576

function printableByte(byte: number | undefined): string {
  return byte !== undefined && byte > 31 && byte < 127 ? String.fromCharCode(byte) : '?'
}

/**
 * A value whose end has not arrived, with the line end that follows it. Its buffer has the announced size at once when
 * that is small; else it begins with a megabyte and doubles when it is full. So every byte is copied twice at most on
 * average, and never more is occupied than a megabyte or twice what has arrived.
 */
export class PartialValue {
  readonly #length: number
  #bytes: Buffer
  #filled = 0

  constructor(length: number) {
    this.#length = length
    this.#bytes = Buffer.allocUnsafe(Math.min(length + 2, aheadBytesMax))
  }

  get isComplete(): boolean {
    return this.#filled === this.#length + 2
  }

  /** Takes what it needs of a chunk, and returns how many bytes that were. */
  fill(chunk: Buffer, from: number): number {
    const taken = Math.min(chunk.length - from, this.#length + 2 - this.#filled)
    this.#makeRoom(this.#filled + taken)
    chunk.copy(this.#bytes, this.#filled, from, from + taken)
    this.#filled += taken
    return taken
  }

  /** The value, when it is complete; undefined when no line end follows it. */
  value(): Buffer | undefined {
    const length = this.#length
    if (this.#bytes[length] !== 13 || this.#bytes[length + 1] !== 10) return undefined
    return length === 0 ? empty : this.#bytes.subarray(0, length)
  }

  #makeRoom(byteCount: number): void {
    if (byteCount <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#length + 2, Math.max(byteCount, 2 * this.#bytes.length)))
    this.#bytes.copy(larger, 0, 0, this.#filled)
    this.#bytes = larger
  }
}

/** The words of a line, with Redis' rules of quoting. */
function splitInline(line: Buffer): Buffer[] {
  const args: Buffer[] = []
  let at = skipSpace(line, 0)
  while (at < line.length) {
    const bytes: number[] = []
    const end = readWord(line, at, bytes)
    args.push(Buffer.from(bytes))
    at = skipSpace(line, end)
  }
  return args
}

function skipSpace(line: Buffer, start: number): number {
  let at = start
  while (at < line.length && isSpace(line[at])) at++
  return at
}

/** As isspace() in C: tab, line feed, vertical tab, form feed, carriage return, space. */
function isSpace(byte: number | undefined): boolean {
  return byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13)
}

/** Appends a word's bytes to `bytes`; returns where it ends. A quote may begin inside: `a"b c"` is one word. */
function readWord(line: Buffer, start: number, bytes: number[]): number {
  let at = start
  while (at < line.length && !isSpace(line[at])) {
    const byte = line[at] as number
    at++
    if (byte === doubleQuote || byte === singleQuote) return readQuoted(line, at, { quote: byte, bytes })
    bytes.push(byte)
  }
  return at
}

const doubleQuote = 34
const singleQuote = 39
const backslash = 92
const unbalanced = 'unbalanced quotes in request'

function readQuoted(line: Buffer, start: number, { quote, bytes }: { quote: number; bytes: number[] }): number {
  let at = start
  while (at < line.length && line[at] !== quote) {
    const byte = line[at] as number
    const isEscape = byte === backslash && at + 1 < line.length
    if (isEscape) {
      at += quote === doubleQuote ? readEscape(line, at + 1, bytes) : readSingleEscape(line, at + 1, bytes)
    } else {
      bytes.push(byte)
      at++
    }
  }
  // Behind the closing quote there is a space, or nothing.
  if (at === line.length || (at + 1 < line.length && !isSpace(line[at + 1]))) refuse(unbalanced)
  return at + 1
}

/** In double quotes: `\n`, `\x0a`, `\"`; returns how long the escape is with its backslash. */
function readEscape(line: Buffer, at: number, bytes: number[]): number {
  const hex = line[at] === 120 ? line.toString('latin1', at + 1, at + 3) : ''
  if (/^[0-9a-f]{2}$/i.test(hex)) {
    bytes.push(Number.parseInt(hex, 16))
    return 4
  }
  const byte = line[at] as number
  bytes.push(escapes.get(byte) ?? byte)
  return 2
}

/** `\n` and its kin: the letter, and what it means. */
const escapes = new Map([
  [110, 10],
  [114, 13],
  [116, 9],
  [98, 8],
  [97, 7],
])

/** In single quotes only the quote itself can be escaped. */
function readSingleEscape(line: Buffer, at: number, bytes: number[]): number {
  if (line[at] === singleQuote) {
    bytes.push(singleQuote)
    return 2
  }
  bytes.push(backslash)
  return 1
}
