import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { allowsRange, evaluateConditions } from '../content/conditions.ts'
import { type ByteRange, parseRanges } from '../content/ranges.ts'
import { answerShortly } from '../refusals/refuse.ts'
import { endWithBody } from '../small-body.ts'
import type { FileVersion } from './file-version.ts'
import { planMultipart } from './multipart.ts'
import type { PiecePool } from './piece-pool.ts'
import { type BodyPart, sendParts } from './send-parts.ts'

export interface AnswerOptions {
  readonly pieces: PiecePool
  /** The date, in milliseconds. */
  nowMs(): number
}

/** Headers that the application has given to an answer whose body is a file; in place of those of the file. */
export type KeptHeaders = readonly (readonly [name: string, value: string | string[]])[]

/**
 * Answers with a file: whole or in parts, or 304 or 412 by the conditions of the request (RFC 9110, 13 and 14). Other
 * methods than GET and HEAD get the whole file, as the answer of an application that has named it.
 *
 * @returns false when the file was closed meanwhile: nothing was sent, look for it again.
 */
export function answerFile(
  res: ServerResponse,
  version: FileVersion,
  options: AnswerOptions,
  kept: KeptHeaders = [],
): boolean {
  const { method, headers } = res.req
  const isGet = method === 'GET'
  const { head } = version
  const status = isGet || method === 'HEAD' ? evaluateConditions(headers, head) : undefined
  if (status === 304) {
    res.writeHead(304, withKept(head.notModified, kept.filter(isForNotModified)))
    res.end()
    return true
  }
  if (status === 412) {
    answerShortly(res, 412)
    return true
  }
  if (isGet && headers.range !== undefined && allowsRange(headerOf(headers['if-range']), head, options.nowMs())) {
    const ranges = parseRanges(headers.range, version.stats.size)
    if (ranges === 'unsatisfiable') {
      answerShortly(res, 416, { 'Content-Range': `bytes */${version.stats.size}` })
      return true
    }
    if (ranges !== 'whole') return sendRanges(res, version, ranges, { ...options, kept })
  }
  return sendWhole(res, version, options, kept)
}

function sendWhole(res: ServerResponse, version: FileVersion, { pieces }: AnswerOptions, kept: KeptHeaders): boolean {
  const { body, text, descriptor, stats, head } = version
  const isHead = res.req.method === 'HEAD'
  if (!body && !isHead && !descriptor?.acquire()) return false
  res.writeHead(200, withKept(head.ok, kept))
  if (isHead) res.end()
  else if (body) endWithBody(res, body, text)
  else if (descriptor) sendParts(res, descriptor, stats.size > 0 ? [{ start: 0, end: stats.size - 1 }] : [], pieces)
  return true
}

function sendRanges(
  res: ServerResponse,
  version: FileVersion,
  ranges: readonly ByteRange[],
  { pieces, kept }: AnswerOptions & { readonly kept: KeptHeaders },
): boolean {
  const { body, descriptor, stats, head } = version
  if (!body && !descriptor?.acquire()) return false
  const plan = planRanges(ranges, stats.size, typeIn(kept) ?? head.type)
  const list = withKept(withKept(head.ok, kept), plan.headers)
  res.writeHead(206, list)
  if (descriptor && !body) sendParts(res, descriptor, plan.parts, pieces)
  else if (body) sendFromMemory(res, body, plan.parts)
  return true
}

interface RangePlan {
  readonly headers: KeptHeaders
  readonly parts: readonly BodyPart[]
}

function planRanges(ranges: readonly ByteRange[], size: number, type: string): RangePlan {
  const [range] = ranges
  if (range === undefined || ranges.length > 1) return planMultipart(ranges, size, type)
  const { start, end } = range
  const headers = [
    ['Content-Length', String(end - start + 1)],
    ['Content-Range', `bytes ${start}-${end}/${size}`],
  ] as const
  return { headers, parts: [range] }
}

/** Pieces of one buffer that all answers share: whoever reads slowly holds nothing of its own. */
function sendFromMemory(res: ServerResponse, body: Buffer, parts: readonly BodyPart[]): void {
  for (const part of parts) res.write(Buffer.isBuffer(part) ? part : body.subarray(part.start, part.end + 1))
  res.end()
}

/** The list with these headers in place of those of the same name. */
function withKept(list: readonly string[], kept: KeptHeaders): string[] {
  // Nobody changes a list that is given to writeHead.
  if (kept.length === 0) return list as string[]
  const names = new Set(kept.map(([name]) => name.toLowerCase()))
  const pairs: string[] = []
  for (let at = 0; at + 1 < list.length; at += 2) {
    if (!names.has((list[at] as string).toLowerCase())) pairs.push(list[at] as string, list[at + 1] as string)
  }
  for (const [name, value] of kept) for (const one of [value].flat()) pairs.push(name, one)
  return pairs
}

function isForNotModified([name]: KeptHeaders[number]): boolean {
  return !/^content-/i.test(name)
}

function typeIn(kept: KeptHeaders): string | undefined {
  const found = kept.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  return found === undefined ? undefined : String(found)
}

function headerOf(value: OutgoingHttpHeaders[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}
