/** The first and the last byte, both of them included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** More of them are no honest wish: the whole file is sent (RFC 9110, 17.15). */
const rangesMax = 5

/**
 * Reads a Range header for a file of `size` bytes (RFC 9110, 14.1.2 and 14.2).
 *
 * @returns the ranges in their order; 'whole' when the header does not count: another unit, too many, or overlapping;
 *   'unsatisfiable' for 416.
 */
export function parseRanges(header: string, size: number): readonly ByteRange[] | 'whole' | 'unsatisfiable' {
  const unit = /^bytes=(?=.)/i.exec(header)
  if (!unit) return 'whole'
  const specs = header.slice(unit[0].length).split(',', 32)
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = parseRange(spec.trim(), size)
    if (range === 'invalid') return 'unsatisfiable'
    if (range) ranges.push(range)
  }
  if (specs.length > rangesMax || (size === 0 && /^0*-/.test(specs[0] ?? ''))) return 'whole'
  if (ranges.length === 0) return 'unsatisfiable'
  return haveOverlap(ranges) ? 'whole' : ranges
}

/** Undefined when it lies outside of the file. Numbers of any length are right: what is beyond the end is cut. */
function parseRange(spec: string, size: number): ByteRange | 'invalid' | undefined {
  const match = /^(\d*)-(\d*)$/.exec(spec)
  if (!match) return 'invalid'
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return 'invalid'
    const length = Math.min(Number(last), size)
    return length > 0 ? { start: size - length, end: size - 1 } : undefined
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'invalid'
  if (start >= size) return undefined
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function haveOverlap(ranges: readonly ByteRange[]): boolean {
  const sorted = [...ranges].sort((a, b) => a.start - b.start)
  return sorted.some((range, at) => {
    const next = sorted[at + 1]
    return next !== undefined && next.start <= range.end
  })
}
