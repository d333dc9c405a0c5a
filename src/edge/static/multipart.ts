import { randomBytes } from 'node:crypto'
import type { ByteRange } from '../content/ranges.ts'

/**
 * Plans an answer of several ranges as multipart/byteranges (RFC 9110, 14.6).
 *
 * @param type the media type of the file
 */
export function planMultipart(ranges: readonly ByteRange[], size: number, type: string) {
  // Nobody who writes the file may know what separates its parts.
  const boundary = randomBytes(18).toString('base64url')
  const parts: (Buffer | ByteRange)[] = []
  let length = 0
  for (const range of ranges) {
    const { start, end } = range
    const head = Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${start}-${end}/${size}\r\n\r\n`,
      'latin1',
    )
    parts.push(head, range)
    length += head.length + end - start + 1
  }
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  parts.push(tail)
  const headers = [
    ['Content-Type', `multipart/byteranges; boundary=${boundary}`],
    ['Content-Length', String(length + tail.length)],
  ] as const
  return { headers, parts }
}
