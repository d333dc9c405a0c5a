/**
 * Reads a request target once (RFC 9112 3.2, RFC 3986 6.2.2), so that no two of those who look at it read it
 * differently: escapes are decoded one time, dot segments and repeated slashes are gone, and what could be read in two
 * ways is refused.
 *
 * What an escape means stays as it was: `%41` is the letter, so it becomes `A`; a reserved character such as `;` and its
 * escape `%3B` may differ for whoever is behind, so in `encodedPath` each stays what it is. In `path` both are `;`.
 */
import { isUtf8 } from 'node:buffer'
import type { EdgeSettings } from '../options.ts'
import { isBelow } from '../path-prefix.ts'

export interface Target {
  /** Decoded. Where encoded slashes are allowed, each of them is still `%2F` here. */
  readonly path: string
  readonly encodedPath: string
  readonly search: string
  /** What stands before the path in absolute-form (RFC 9112 3.2.2); undefined in the others. */
  readonly authority: string | undefined
}

export interface TargetRules {
  /** Prefixes below which `%2F` is a part of a name. */
  readonly allowEncodedSlash: readonly string[]
  /** Whether a `;` in a path is refused. */
  readonly refuseSemicolon: boolean
}

export function targetRulesOf({ allowEncodedSlash, semicolon }: EdgeSettings['paths']): TargetRules {
  return { allowEncodedSlash, refuseSemicolon: semicolon === 'refuse' }
}

const plainSearch = /^[!-"$-~]*$/
const plainSegment = /^[\w~!$&'()*+,:=@-][\w.~!$&'()*+,:=@-]*$/
const absoluteForm = /^https?:\/\/([^/?]*)/i

/** Undefined: the target is no target, or can be read in more than one way. */
export function parseTarget(text: string, method: string, rules: TargetRules): Target | undefined {
  if (text.charCodeAt(0) === slash) return parseOrigin(text, rules, undefined)
  if (text === '*' && method === 'OPTIONS') return { path: '/', encodedPath: '*', search: '', authority: undefined }
  const authority = absoluteForm.exec(text)
  if (!authority) return undefined
  const rest = text.slice(authority[0].length)
  return parseOrigin(rest.charCodeAt(0) === slash ? rest : `/${rest}`, rules, authority[1] ?? '')
}

function parseOrigin(text: string, rules: TargetRules, authority: string | undefined): Target | undefined {
  const plainEnd = endOfPlainPath(text)
  if (plainEnd === text.length) return { path: text, encodedPath: text, search: '', authority }
  const mark = plainEnd < 0 ? text.indexOf('?') : plainEnd
  const rawPath = mark < 0 ? text : text.slice(0, mark)
  const search = mark < 0 ? '' : canonicalSearch(text.slice(mark))
  if (search === undefined) return undefined
  if (plainEnd >= 0) return { path: rawPath, encodedPath: rawPath, search, authority }
  const parsed = parsePath(rawPath, rules)
  return parsed && { ...parsed, search, authority }
}

/**
 * Where a path ends that is canonical as it came, as nearly all are: segments of what RFC 3986 3.3 allows unescaped, none of
 * them empty but the last, none with a dot in front. -1 for all others.
 */
function endOfPlainPath(text: string): number {
  let previous = slash
  for (let index = 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === question) return index
    if (plain[code] !== true || (previous === slash && (code === slash || code === dot))) return -1
    previous = code
  }
  return text.length
}

/** As it came, but for bytes outside ASCII, which are escaped. Undefined with control characters or `#`. */
function canonicalSearch(text: string): string | undefined {
  if (plainSearch.test(text)) return text
  let search = ''
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (isControl(code) || code === hash || code > 0xff) return undefined
    search += code > 0x7e ? escapes[code] : text[index]
  }
  return search
}

/** One segment of a path, whose bytes stand for themselves, one a character. */
interface Segment {
  readonly bytes: string
  readonly encoded: string
  /** Has an encoded slash, kept as `%2F`. */
  readonly hasSlash: boolean
  /** Has a text that looks like a kept slash, and is none. */
  readonly hasFalseSlash: boolean
}

function parsePath(text: string, rules: TargetRules): Pick<Target, 'path' | 'encodedPath'> | undefined {
  const kept: Segment[] = []
  const segments = text.split('/')
  let endsInSlash = true
  for (let index = 1; index < segments.length; index++) {
    const segment = parseSegment(segments[index] as string, rules)
    if (!segment) return undefined
    const { bytes } = segment
    endsInSlash = true
    if (bytes === '' || bytes === '.') continue
    if (bytes === '..') {
      // Above the root is nothing: only who wants to leave it goes there.
      if (!kept.pop()) return undefined
      continue
    }
    endsInSlash = false
    kept.push(segment)
  }
  const end = endsInSlash && kept.length > 0 ? '/' : ''
  const path = decodeUtf8(`/${kept.map(({ bytes }) => bytes).join('/')}${end}`)
  if (path === undefined || !areSlashesAllowed(path, kept, rules)) return undefined
  return { path, encodedPath: `/${kept.map(({ encoded }) => encoded).join('/')}${end}` }
}

function parseSegment(text: string, rules: TargetRules): Segment | undefined {
  if (plainSegment.test(text)) return { bytes: text, encoded: text, hasSlash: false, hasFalseSlash: false }
  let bytes = ''
  let encoded = ''
  let hasSlash = false
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index)
    const isEscape = code === percent
    if (isEscape) {
      code = hexValue(text.charCodeAt(index + 1)) * 16 + hexValue(text.charCodeAt(index + 2))
      index += 2
    }
    // Also NaN: an escape that is none.
    if (!(code > 0x1f && code <= 0xff) || isForbidden(code, rules)) return undefined
    if (code === slash) {
      hasSlash = true
      bytes += '%2F'
    } else bytes += String.fromCharCode(code)
    encoded += staysAsItCame(code, isEscape) ? String.fromCharCode(code) : escapes[code]
  }
  if (isDotted(bytes)) return undefined
  return { bytes, encoded, hasSlash, hasFalseSlash: /%252f/i.test(encoded) }
}

function isForbidden(code: number, { refuseSemicolon }: TargetRules): boolean {
  return isControl(code) || code === backslash || code === hash || (code === semicolon && refuseSemicolon)
}

/** Escapes of unreserved characters are undone, what no path may hold is escaped; all others stay (RFC 3986 2.2, 2.3). */
function staysAsItCame(code: number, isEscape: boolean): boolean {
  return isEscape ? unreserved[code] === true : literal[code] === true
}

/**
 * A name that some program behind reads as a dot segment: Java's servers cut off what follows a `;`, and whoever decodes
 * an encoded slash sees what is between two of them.
 */
function isDotted(bytes: string): boolean {
  if (!bytes.includes('.')) return false
  if (/^\.\.?;/.test(bytes)) return true
  return bytes.includes('%2F') && bytes.split('%2F').some(part => /^\.\.?(?:;|$)/.test(part))
}

/** Below a prefix that allows them, nothing else may look like an encoded slash. */
function areSlashesAllowed(path: string, segments: readonly Segment[], { allowEncodedSlash }: TargetRules): boolean {
  const hasSlash = segments.some(segment => segment.hasSlash)
  const hasFalseSlash = segments.some(segment => segment.hasFalseSlash)
  if (!hasSlash && !hasFalseSlash) return true
  const isAllowed = allowEncodedSlash.some(prefix => isBelow(prefix, path))
  return isAllowed ? !hasFalseSlash : !hasSlash
}

function decodeUtf8(bytes: string): string | undefined {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  const buffer = Buffer.from(bytes, 'latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined
}

function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}

const slash = 0x2f
const dot = 0x2e
const question = 0x3f
const backslash = 0x5c
const percent = 0x25
const hash = 0x23
const semicolon = 0x3b

const escapes = Array.from({ length: 256 }, (_, code) => `%${code.toString(16).toUpperCase().padStart(2, '0')}`)
/** Of a path: pchar of RFC 3986 3.3 without escapes and `;`, and the slash. */
const plain = tableOf(/[\w.~!$&'()*+,:=@/-]/)
const unreserved = tableOf(/[\w.~-]/)
/** What stands in a path without an escape: pchar of RFC 3986 3.3, and brackets, which browsers send as they are. */
const literal = tableOf(/[\w.~!$&'()*+,;=:@[\]-]/)

function tableOf(pattern: RegExp): readonly boolean[] {
  return Array.from({ length: 256 }, (_, code) => code < 0x80 && pattern.test(String.fromCharCode(code)))
}
