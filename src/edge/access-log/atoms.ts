import type { OutgoingHttpHeader } from 'node:http'
import { type AccessEntry, type Atom, addressOf, durationUs, pathOf, queryOf, statusOf, targetOf } from './entry.ts'
import { escapeText, escapeWord } from './escape.ts'
import { clfTime } from './time.ts'

/** Gunicorn's atoms of one letter, and what each of them writes. `-` stands for what is missing. */
export const atoms: Readonly<Record<string, (wallMs: () => number) => Atom>> = {
  h: () => entry => wordOrDash(addressOf(entry)),
  l: () => () => '-',
  u: () => user,
  t: clfTime,
  r: () => requestLine,
  m: () => method,
  U: () => path,
  q: () => query,
  H: () => protocol,
  s: () => entry => String(statusOf(entry)),
  B: () => entry => String(entry.bytes),
  b: () => entry => (entry.bytes === 0 ? '-' : String(entry.bytes)),
  f:
    () =>
    ({ req }) =>
      textOrDash(req.headers.referer),
  a:
    () =>
    ({ req }) =>
      textOrDash(req.headers['user-agent']),
  T: () => entry => String(Math.floor(durationUs(entry) / 1e6)),
  M: () => entry => String(Math.floor(durationUs(entry) / 1000)),
  D: () => entry => String(durationUs(entry)),
  L: () => seconds,
  p: () => () => `<${process.pid}>`,
}

/** The atoms that Gunicorn holds as numbers, so that `%(D)d` works as well as `%(D)s`. */
export const numberAtoms: ReadonlySet<string> = new Set(['B', 'T', 'M', 'D'])

/** `{Name}i`: a request header. */
export function requestHeader(name: string): Atom {
  const key = name.toLowerCase()
  return ({ req }) => headerOrDash(req.headers[key])
}

/** `{Name}o`: a response header, also one that was only given to writeHead. */
export function responseHeader(name: string): Atom {
  const inHead = new RegExp(`\\r\\n${name.replace(/[^\w-]/g, '\\$&')}: (.*)\\r\\n`, 'i')
  return ({ res }) => {
    const value = res.getHeader(name)
    if (value !== undefined) return headerOrDash(value)
    // Node keeps headers of writeHead(status, headers), and its own such as Date, in the text of the head only.
    const head = (res as { _header?: unknown })._header
    return textOrDash(typeof head === 'string' ? inHead.exec(head)?.[1] : undefined)
  }
}

/**
 * `{NAME}e`: in Gunicorn the WSGI environment. So its names of the request are known here too, and any other is a
 * variable of the process, read once.
 */
export function environmentVariable(name: string): Atom {
  const wsgi = wsgiVariables[name.toUpperCase()]
  if (wsgi) return wsgi
  const header = /^HTTP_(.+)$/i.exec(name)?.[1] ?? /^CONTENT_(?:TYPE|LENGTH)$/i.exec(name)?.[0]
  if (header) return requestHeader(header.replaceAll('_', '-'))
  const text = textOrDash(process.env[name])
  return () => text
}

const wsgiVariables: Readonly<Record<string, Atom>> = {
  REQUEST_METHOD: method,
  RAW_URI: entry => escapeText(targetOf(entry)),
  PATH_INFO: path,
  QUERY_STRING: query,
  SERVER_PROTOCOL: protocol,
  REMOTE_ADDR: entry => wordOrDash(addressOf(entry)),
}

function requestLine(entry: AccessEntry): string {
  // Bytes that are no request have no such line.
  if (entry.req.method === undefined) return '-'
  return `${method(entry)} ${escapeText(targetOf(entry))} ${protocol(entry)}`
}

function method({ req }: AccessEntry): string {
  return textOrDash(req.method)
}

function path(entry: AccessEntry): string {
  return escapeText(pathOf(targetOf(entry)))
}

// Empty without a query, as in Gunicorn.
function query(entry: AccessEntry): string {
  return escapeText(queryOf(targetOf(entry)))
}

function protocol({ req }: AccessEntry): string {
  return `HTTP/${escapeText(req.httpVersion)}`
}

/** The name in `Authorization: Basic`, which nobody has checked. */
function user({ req }: AccessEntry): string {
  const credentials = /^basic +(\S+)/i.exec(req.headers.authorization ?? '')?.[1]
  if (!credentials) return '-'
  const [name = ''] = Buffer.from(credentials, 'base64').toString('latin1').split(':', 1)
  return name === '' ? '-' : escapeWord(name)
}

function seconds(entry: AccessEntry): string {
  const us = durationUs(entry)
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`
}

function headerOrDash(value: OutgoingHttpHeader | undefined): string {
  return textOrDash(Array.isArray(value) ? value.join(', ') : value?.toString())
}

function textOrDash(value: string | undefined): string {
  return value === undefined ? '-' : escapeText(value)
}

function wordOrDash(value: string | undefined): string {
  return value ? escapeWord(value) : '-'
}
