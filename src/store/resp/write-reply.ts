import assert from 'node:assert/strict'
import {
  Double,
  Members,
  nullList,
  ok,
  Pairs,
  Push,
  type Reply,
  ReplyError,
  Sequence,
  Status,
  Verbatim,
} from './reply.ts'
import { headerBytesMax, OutputBuffer, writeBulk, writeHeader, writeLineEnd, writeText } from './write-request.ts'

/** What the client of a connection understands: 2 until it says `HELLO 3`. */
export type Protocol = 2 | 3

/**
 * Encodes replies, as many as one likes before they are taken:
 *
 * ```ts
 * const writer = new ReplyWriter()
 * writer.append(ok, 2)
 * writer.append([1, null], 2)
 * writer.take()  // [<Buffer "+OK\r\n*2\r\n:1\r\n$-1\r\n">]
 * ```
 */
export class ReplyWriter {
  readonly #out = new OutputBuffer()

  /** How many bytes are waiting to be taken. */
  get byteLength(): number {
    return this.#out.byteLength
  }

  /** A large Buffer is not copied: it must not change until it is sent. */
  append(reply: Reply, protocol: Protocol): void {
    writeReply(this.#out, reply, protocol)
  }

  take(): Buffer[] {
    return this.#out.take()
  }
}

const asterisk = 42
const colon = 58
const greater = 62
const percent = 37
const tilde = 126

const okLine = Buffer.from('+OK\r\n')
const nullLine2 = Buffer.from('$-1\r\n')
const nullListLine2 = Buffer.from('*-1\r\n')
const nullLine3 = Buffer.from('_\r\n')

// The most frequent ones first: what a map or a counter answers.
function writeReply(out: OutputBuffer, reply: Reply, protocol: Protocol): void {
  if (reply === ok) out.append(okLine)
  else if (reply === null) out.append(protocol === 3 ? nullLine3 : nullLine2)
  else if (typeof reply === 'number') writeNumber(out, reply)
  else if (reply instanceof Buffer) writeBulk(out, reply)
  else if (Array.isArray(reply)) writeItems(out, asterisk, reply, protocol)
  else writeRareReply(out, reply as Exclude<Reply, readonly Reply[]>, protocol)
}

function writeRareReply(out: OutputBuffer, reply: Exclude<Reply, readonly Reply[]>, protocol: Protocol): void {
  if (typeof reply === 'bigint') writeBigint(out, reply, protocol)
  else if (reply instanceof Status) writeLine(out, `+${singleLine(reply.text)}`)
  else if (reply instanceof Double) writeDouble(out, reply.value, protocol)
  else if (reply instanceof Pairs) writePairs(out, reply.items, protocol)
  else if (reply instanceof Members) writeItems(out, protocol === 3 ? tilde : asterisk, reply.items, protocol)
  else if (reply === nullList) out.append(protocol === 3 ? nullLine3 : nullListLine2)
  else if (reply instanceof Verbatim) writeVerbatim(out, reply.text, protocol)
  else if (reply instanceof Sequence) writeAll(out, reply.items, protocol)
  else if (reply instanceof Push) writeItems(out, protocol === 3 ? greater : asterisk, reply.items, protocol)
  else if (reply instanceof ReplyError) writeLine(out, `-${singleLine(errorText(reply))}`)
  else assert.fail(`a command expected to answer with a Reply, got ${typeof reply}.`)
}

function writeNumber(out: OutputBuffer, value: number): void {
  if (!Number.isSafeInteger(value)) assert.fail(`a number in a reply expected to be a whole one, got ${value}.`)
  out.reserve(headerBytesMax)
  writeHeader(out, colon, value)
}

/** 64 bits are an integer in both versions; a longer one is a type of its own in RESP3, and text in RESP2. */
function writeBigint(out: OutputBuffer, value: bigint, protocol: Protocol): void {
  if (BigInt.asIntN(64, value) === value) writeLine(out, `:${value}`)
  else if (protocol === 3) writeLine(out, `(${value}`)
  else writeText(out, String(value))
}

function writeDouble(out: OutputBuffer, value: number, protocol: Protocol): void {
  const text = doubleText(value)
  if (protocol === 3) writeLine(out, `,${text}`)
  else writeText(out, text)
}

/** The shortest text that reads as the same number, with Redis' words for those that are none. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}

function writeVerbatim(out: OutputBuffer, text: string, protocol: Protocol): void {
  if (protocol === 2) {
    writeText(out, text)
    return
  }
  const length = Buffer.byteLength(text) + 4
  out.append(Buffer.from(`=${length}\r\ntxt:${text}\r\n`))
}

function writePairs(out: OutputBuffer, items: readonly Reply[], protocol: Protocol): void {
  assert.ok(items.length % 2 === 0, 'Pairs expected a value for each key, got an odd number of items.')
  if (protocol === 2) {
    writeItems(out, asterisk, items, protocol)
    return
  }
  out.reserve(headerBytesMax)
  writeHeader(out, percent, items.length / 2)
  writeAll(out, items, protocol)
}

function writeItems(out: OutputBuffer, type: number, items: readonly Reply[], protocol: Protocol): void {
  out.reserve(headerBytesMax)
  writeHeader(out, type, items.length)
  writeAll(out, items, protocol)
}

function writeAll(out: OutputBuffer, items: readonly Reply[], protocol: Protocol): void {
  for (let i = 0; i < items.length; i++) writeReply(out, items[i] as Reply, protocol)
}

function writeLine(out: OutputBuffer, line: string): void {
  out.reserve(3 * line.length + 2)
  out.at += out.bytes.write(line, out.at)
  writeLineEnd(out)
}

function errorText({ code, message }: ReplyError): string {
  return message === '' ? code : `${code} ${message}`
}

/** A line end inside would end the reply early, and let data forge the next one. */
function singleLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ')
}
