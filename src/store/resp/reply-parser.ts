import { constants } from 'node:buffer'
import { Double, Members, ok, Pairs, Push, type Reply, ReplyError, Status, Verbatim } from './reply.ts'
import { PartialValue } from './request-parser.ts'

/** What the server sent is no RESP, or more of it than we read: the connection has to end. */
export class ReplyFormatError extends Error {
  override readonly name = 'ReplyFormatError'
  /** What came whole before the fault, in the same push. */
  readonly replies: readonly Reply[]

  constructor(message: string, replies: readonly Reply[] = []) {
    super(message)
    this.replies = replies
  }
}

/**
 * Reads the replies of one connection, RESP2 and RESP3, from pieces that are cut anywhere.
 *
 * ```ts
 * const parser = new ReplyParser()
 * parser.push(Buffer.from('+OK\r\n*2\r\n:1\r\n'))  // [ok]
 * parser.push(Buffer.from('$1\r\na\r\n'))          // [[1, <Buffer "a">]]
 * ```
 *
 * A Buffer that lies in one chunk is a view of it: whoever keeps it for long keeps the chunk, and copies it better.
 */
export class ReplyParser {
  /** What is being read: the chunk, and where in it. */
  #chunk: Buffer = empty
  #at = 0
  /** The innermost list that is not complete. */
  #list: List | undefined
  /** The value whose end has not arrived, and its type. */
  #partial: PartialValue | undefined
  #partialType = 0
  #failure: ReplyFormatError | undefined

  /** The replies that this chunk completes. Throws a ReplyFormatError, and then at every further call. */
  push(chunk: Buffer): Reply[] {
    if (this.#failure) throw this.#failure
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk])
    this.#at = 0
    const replies: Reply[] = []
    try {
      this.#readAll(replies)
    } catch (error) {
      this.#die(error instanceof Error ? error.message : String(error))
      throw error instanceof ReplyFormatError ? new ReplyFormatError(error.message, replies) : error
    }
    // At most the beginning of a line is left: it is read again when there is more of it.
    this.#chunk = this.#at === this.#chunk.length ? empty : this.#chunk.subarray(this.#at)
    return replies
  }

  #readAll(replies: Reply[]): void {
    const end = this.#chunk.length
    while (this.#at < end) {
      const start = this.#at
      const reply = this.#partial ? this.#fillPartial(this.#partial) : this.#readReply()
      if (reply !== undefined) this.#deliver(reply, replies)
      // Nothing was read: the line has not arrived. Else it was the header of a list or of a long value.
      else if (this.#at === start) return
    }
  }

  /** To the list that it belongs to; a list that is complete with it is a reply, too. */
  #deliver(reply: Reply, replies: Reply[]): void {
    let value = reply
    for (let list = this.#list; list; list = this.#list) {
      list.items.push(value)
      list.missing--
      if (list.missing > 0) return
      this.#list = list.outer
      // Attributes say something about the reply that follows; nobody here asks for them.
      if (list.type === attributes) return
      value = listReply(list.type, list.items)
    }
    replies.push(value)
  }

  /** Undefined when its end has not arrived, or when it was the header of a list: its items are next. */
  #readReply(): Reply | undefined {
    const type = this.#chunk[this.#at] as number
    switch (type) {
      case bulk:
      case verbatim:
      case bulkError:
        return this.#readValue(type)
      case integer:
        return this.#readInteger()
      case status:
        return this.#readStatus()
      case array:
      case set:
      case map:
      case push:
      case attributes:
        return this.#readList(type)
      default:
        return this.#readRare(type)
    }
  }

  #readStatus(): Status | undefined {
    const chunk = this.#chunk
    const at = this.#at
    if (at + 5 <= chunk.length && chunk[at + 1] === 79 && chunk[at + 2] === 75 && chunk[at + 3] === 13) {
      if (chunk[at + 4] !== 10) refuse('a line end')
      this.#at = at + 5
      return ok
    }
    const line = this.#readLine()
    if (line === undefined) return undefined
    return line === 'OK' ? ok : new Status(line)
  }

  /** By hand when it has at most 15 digits and has arrived; the rest is rare. */
  #readInteger(): number | bigint | undefined {
    const chunk = this.#chunk
    const end = chunk.length
    const isNegative = this.#at + 1 < end && chunk[this.#at + 1] === 45
    const firstDigit = isNegative ? this.#at + 2 : this.#at + 1
    let at = firstDigit
    let value = 0
    for (; at < end; at++) {
      const digit = (chunk[at] as number) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const digits = at - firstDigit
    if (digits === 0 || digits > 15 || at + 1 >= end || chunk[at] !== 13 || chunk[at + 1] !== 10) {
      const big = this.#readBigint()
      return Number.isSafeInteger(Number(big)) ? Number(big) : big
    }
    this.#at = at + 2
    return isNegative ? 0 - value : value
  }

  #readBigint(): bigint | undefined {
    const line = this.#readLine()
    if (line === undefined) return undefined
    if (!/^[+-]?\d{1,1000}$/.test(line)) refuse('an integer', line)
    return BigInt(line)
  }

  /** A value with its length ahead: `$5\r\nhello\r\n`. */
  #readValue(type: number): Reply | undefined {
    const length = this.#readInteger()
    if (length === undefined) return undefined
    if (length === -1 && type === bulk) return null
    if (length < 0 || length > valueBytesMax) refuse('a length', length)
    const start = this.#at
    const end = start + Number(length)
    const chunk = this.#chunk
    if (end + 2 > chunk.length) {
      this.#partial = new PartialValue(Number(length))
      this.#partialType = type
      return this.#fillPartial(this.#partial)
    }
    if (chunk[end] !== 13 || chunk[end + 1] !== 10) refuse('a line end behind a value')
    this.#at = end + 2
    return valueReply(type, chunk.subarray(start, end))
  }

  #fillPartial(partial: PartialValue): Reply | undefined {
    this.#at += partial.fill(this.#chunk, this.#at)
    if (!partial.isComplete) return undefined
    this.#partial = undefined
    return valueReply(this.#partialType, partial.value() ?? refuse('a line end behind a value'))
  }

  #readList(type: number): Reply | undefined {
    const count = this.#readInteger()
    if (count === undefined) return undefined
    if (count === -1 && type === array) return null
    if (count < 0 || count > itemsMax) refuse('a number of items', count)
    const missing = type === map || type === attributes ? 2 * Number(count) : Number(count)
    if (missing === 0) return type === attributes ? undefined : listReply(type, [])
    const depth = this.#list ? this.#list.depth + 1 : 1
    if (depth > depthMax) refuse(`at most ${depthMax} lists in each other`)
    this.#list = { type, items: [], missing, outer: this.#list, depth }
    return undefined
  }

  #readRare(type: number): Reply | undefined {
    if (type === bigNumber) return this.#readBigint()
    const known = type === error || type === nothing || type === boolean || type === double
    if (!known) refuse('the type of a reply', String.fromCharCode(type))
    const line = this.#readLine()
    if (line === undefined) return undefined
    if (type === error) return splitError(line)
    if (type === double) return new Double(parseDouble(line))
    if (type === nothing) return line === '' ? null : refuse('nothing behind _', line)
    if (line !== 't' && line !== 'f') refuse('#t or #f', line)
    return line === 't' ? 1 : 0
  }

  /** The rest of the line behind its type; moves to the next one. */
  #readLine(): string | undefined {
    const start = this.#at + 1
    const end = this.#chunk.indexOf(13, start)
    const length = (end < 0 ? this.#chunk.length : end) - start
    if (length > lineBytesMax) refuse(`a line of at most ${lineBytesMax} bytes`)
    if (end < 0 || end + 1 === this.#chunk.length) return undefined
    if (this.#chunk[end + 1] !== 10) refuse('a line end')
    this.#at = end + 2
    return this.#chunk.toString('utf8', start, end)
  }

  #die(message: string): void {
    this.#failure = new ReplyFormatError(message)
    this.#chunk = empty
    this.#list = undefined
    this.#partial = undefined
  }
}

/** A list whose last items have not arrived. Room is made for those that have: what is announced is only a number. */
interface List {
  readonly type: number
  readonly items: Reply[]
  missing: number
  readonly outer: List | undefined
  readonly depth: number
}

const empty = Buffer.alloc(0)
const depthMax = 32
const lineBytesMax = 65_536
const valueBytesMax = constants.MAX_LENGTH - 2
const itemsMax = 2 ** 31 - 1

// The first byte of a reply.
const status = 43 // +
const error = 45 // -
const integer = 58 // :
const bulk = 36 // $
const array = 42 // *
const nothing = 95 // _
const boolean = 35 // #
const double = 44 // ,
const bigNumber = 40 // (
const bulkError = 33 // !
const verbatim = 61 // =
const map = 37 // %
const set = 126 // ~
const push = 62 // >
const attributes = 124 // |

function refuse(expected: string, got?: string | number | bigint): never {
  const value = got === undefined ? '' : `, got ${JSON.stringify(String(got).slice(0, 100))}`
  throw new ReplyFormatError(`the store's reply expected ${expected}${value}.`)
}

function valueReply(type: number, value: Buffer): Reply {
  if (type === bulk) return value
  if (type === bulkError) return splitError(value.toString())
  // Three letters say what the text is: `txt:`, `mkd:`.
  if (value[3] !== 58) refuse('a kind of text such as "txt:"')
  return new Verbatim(value.toString('utf8', 4))
}

function listReply(type: number, items: Reply[]): Reply {
  if (type === map) return new Pairs(items)
  if (type === set) return new Members(items)
  return type === push ? new Push(items) : items
}

function splitError(text: string): ReplyError {
  const space = text.indexOf(' ')
  return space < 0 ? new ReplyError(text, '') : new ReplyError(text.slice(0, space), text.slice(space + 1))
}

function parseDouble(text: string): number {
  const word = doubleWords.get(text.toLowerCase())
  if (word !== undefined) return word
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isNaN(value) ? refuse('a number', text) : value
}

const doubleWords = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
  // What older servers printed, as their C library did.
  ['-nan', Number.NaN],
])
