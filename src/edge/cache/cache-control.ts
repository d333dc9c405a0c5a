/**
 * Cache-Control (RFC 9111, 5.2), read so that a doubt is a no: a cache that misreads one letter shows a page to somebody
 * else.
 */

import { tokenLetters } from '../token.ts'

/** Directives in lower case, with their arguments unquoted; undefined for those without one. */
export type Directives = ReadonlyMap<string, string | undefined>

const word = `([${tokenLetters}]+)`
const quotedText = String.raw`"((?:[^"\\]|\\.)*)"`
const member = new RegExp(String.raw`[\t ]*(?:${word}(?:=(?:${word}|${quotedText}))?)?[\t ]*(,|$)`, 'y')
const textMax = 4096
const secondsMax = 2 ** 31

/** Undefined when the value is no list of directives, or names one twice with different arguments. */
export function parseCacheControl(value: string): Directives | undefined {
  const directives = new Map<string, string | undefined>()
  if (value.length > textMax) return undefined
  member.lastIndex = 0
  for (;;) {
    const found = member.exec(value)
    if (!found) return undefined
    const [, written, token, quoted, end] = found
    if (written !== undefined) {
      const name = written.toLowerCase()
      const argument = token ?? quoted?.replace(/\\(.)/g, '$1')
      if (directives.has(name) && directives.get(name) !== argument) return undefined
      directives.set(name, argument)
    }
    if (end === '') return directives
    // The expression would match the empty rest once more, or never again.
    if (member.lastIndex >= value.length) return directives
  }
}

/** Seconds (RFC 9111, 1.2.2), at most 2³¹; undefined when it is no such number. */
export function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined
  return Math.min(Number(text), secondsMax)
}
