import { addRoute, createRouter, findRoute } from 'rou3'
import { type Capture, readPattern } from './pattern.ts'

export interface Match<Data> {
  readonly data: Data
  /** What was captured, percent-encoded as in the target of the request. */
  readonly values: ReadonlyMap<string, string>
}

/** Finds the most specific pattern of a path. */
export function createPatternTable<Data>(entries: Iterable<readonly [pattern: string, data: Data]>): {
  find(path: string, encodedPath: string): Match<Data> | undefined
} {
  const router = createRouter<{ data: Data; captures: readonly Capture[] }>()
  const all = [...entries]
  for (const [pattern, data] of all) addRoute(router, '', pattern, { data, captures: readPattern(pattern) })
  const mayMatch = createFirstLook(all.map(([pattern]) => pattern))
  return {
    find(path, encodedPath) {
      if (!mayMatch(path)) return undefined
      const found = findRoute(router, '', encodeLiterally(path))?.data
      if (!found) return undefined
      // Segment by segment both are the same: an encoded slash stays encoded in `path`.
      const segments = encodedPath.split('/').slice(1)
      const captured = ({ index, isRest }: Capture) =>
        isRest ? segments.slice(index).join('/') : (segments[index] ?? '')
      return { data: found.data, values: new Map(found.captures.map(capture => [capture.name, captured(capture)])) }
    },
  }
}

/** By the first segment alone, without taking the path apart: most requests are for none of the patterns. */
function createFirstLook(patterns: readonly string[]): (path: string) => boolean {
  const firsts = patterns.map(firstSegment)
  if (!firsts.every(first => /^[\w.~-]+$/.test(first))) return () => true
  const known = new Set(firsts)
  return path => known.has(firstSegment(path))
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}

/** As rou3 encodes the literal parts of patterns. */
function encodeLiterally(path: string): string {
  return encodedByRou3.test(path) ? path.replace(new RegExp(encodedByRou3, 'g'), encodeURIComponent) : path
}

const encodedByRou3 = /[\0- "#<>?^`{}\x7f-\uffff]+/
