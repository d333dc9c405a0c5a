/**
 * The paths that others may take a path for. Many programs do not tell `/Admin` or `/admin;x` from `/admin`, and where an encoded
 * slash is allowed, some decode it. Nobody knows what stands behind, so a rule that protects something must hold for every one
 * of these readings. What allows or serves something goes by the path itself.
 */
import type { EdgeRequest } from './edge-request.ts'

/** Only read as it is: no capitals, no semicolon, no escape that was kept, nothing outside ASCII. */
const plain = /^[!-$&-:<-@[-~ ]*$/

/** What a program may do to a path before it looks at it, in any order, or not. */
const liberties: readonly ((path: string) => string)[] = [
  path => (path.includes('%') ? path.replace(/%2f/gi, '/').replace(/\/{2,}/g, '/') : path),
  // RFC 3986, 3.3.
  path => (path.includes(';') ? path.replace(/;[^/]*/g, '').replace(/\/{2,}/g, '/') : path),
  // To capitals first: some letters have the same capital, and are not the same small letter.
  path => path.normalize('NFKC').toUpperCase().toLowerCase(),
]

/** The canonical path itself, and all others that it may be taken for; nearly always that is one. */
export function readingsOf(path: string): readonly string[] {
  if (plain.test(path)) return [path]
  const readings = new Set([path])
  // What is added is looked at as well: each order of what is done gives a reading of its own.
  for (const reading of readings) for (const take of liberties) readings.add(take(reading))
  return [...readings]
}

/** The path of a rule as the least particular program reads it. */
export function foldPath(path: string): string {
  return plain.test(path) ? path : liberties.reduce((read, take) => take(read), path)
}

/** Those of what a client has asked for, and of where a rewrite leads it: a rewrite is no way around a rule. */
export function readingsOfRequest({ path, rewrite }: Pick<EdgeRequest, 'path' | 'rewrite'>): readonly string[] {
  const asked = readingsOf(path)
  return rewrite?.target ? [...asked, ...readingsOf(rewrite.target.path)] : asked
}
