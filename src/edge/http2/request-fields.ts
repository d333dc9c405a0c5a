/**
 * What of a request of HTTP/2 becomes what of HTTP/1.1 (RFC 9113, 8.2 and 8.3). Whoever reads it as HTTP/1.1 behind this
 * must not find another request in it: whatever could be one is malformed.
 */

import { lowerTokenLetters, token } from '../token.ts'

export interface RequestFields {
  readonly method: string
  /** As in a request line: a path with its query, `*`, or the authority of CONNECT. */
  readonly target: string
  /** Names and values in turn, in the order in which they came; Host is the first. */
  readonly lines: string[]
  readonly expect: string | undefined
  /** Content-Length is among them. */
  readonly hasLength: boolean
}

const lowerToken = new RegExp(`^[${lowerTokenLetters}]+$`)
const controls = /[\0-\x08\x0a-\x1f\x7f]/
const notInTarget = /[\0-\x20\x7f]/
const notInAuthority = /[\0-\x20\x7f/?#\\]/

/** Of one connection, so they mean nothing here (RFC 9113, 8.2.2). */
const connectionFields = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Reads `raw`, names and values in turn. Undefined when the request is malformed (RFC 9113, 8.1.1). */
export function readFields(raw: readonly string[]): RequestFields | undefined {
  const pseudo: PseudoFields = { method: undefined, path: undefined, authority: undefined, scheme: undefined }
  const lines: string[] = []
  let host: string | undefined
  let expect: string | undefined
  let hasLength = false
  let cookieAt = -1
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (name.charCodeAt(0) === colon) {
      if (lines.length > 0 || host !== undefined || !setPseudo(pseudo, name, value)) return undefined
    } else if (!isField(name, value)) {
      return undefined
    } else if (name === 'host') {
      if (host !== undefined) return undefined
      host = value
    } else if (name === 'cookie' && cookieAt >= 0) {
      // Clients may send each cookie as a field of its own (RFC 9113, 8.2.3).
      lines[cookieAt] += `; ${value}`
    } else {
      if (name === 'cookie') cookieAt = lines.length + 1
      else if (name === 'expect') expect = value
      else if (name === 'content-length') hasLength = true
      lines.push(name, value)
    }
  }
  return finish(pseudo, host, { lines, expect, hasLength })
}

interface PseudoFields {
  method: string | undefined
  path: string | undefined
  authority: string | undefined
  scheme: string | undefined
}

const colon = ':'.charCodeAt(0)

/** False for one that is unknown, comes twice or is not valid. */
function setPseudo(pseudo: PseudoFields, name: string, value: string): boolean {
  switch (name) {
    case ':method':
      if (pseudo.method !== undefined || !token.test(value)) return false
      pseudo.method = value
      return true
    case ':path':
      if (pseudo.path !== undefined || notInTarget.test(value)) return false
      pseudo.path = value
      return true
    case ':authority':
      if (pseudo.authority !== undefined || notInAuthority.test(value)) return false
      pseudo.authority = value
      return true
    case ':scheme':
      if (pseudo.scheme !== undefined || (value !== 'https' && value !== 'http')) return false
      pseudo.scheme = value
      return true
    default:
      return false
  }
}

function isField(name: string, value: string): boolean {
  if (!lowerToken.test(name) || connectionFields.has(name)) return false
  return !controls.test(value) && (name !== 'te' || value.toLowerCase() === 'trailers')
}

function finish(
  { method, path, authority, scheme }: PseudoFields,
  host: string | undefined,
  fields: Pick<RequestFields, 'lines' | 'expect' | 'hasLength'>,
): RequestFields | undefined {
  if (method === 'CONNECT') return tunnelTo(authority, path ?? scheme ?? host)
  if (method === undefined || path === undefined || scheme === undefined) return undefined
  if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) return undefined
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) return undefined
  const named = authority ?? host
  if (named !== undefined) fields.lines.unshift('host', named)
  return { method, target: path, ...fields }
}

/** CONNECT has another form (RFC 9113, 8.5). Who refuses it, is asked for it as in HTTP/1.1. */
function tunnelTo(authority: string | undefined, other: string | undefined): RequestFields | undefined {
  if (authority === undefined || other !== undefined) return undefined
  return { method: 'CONNECT', target: authority, lines: ['host', authority], expect: undefined, hasLength: false }
}
