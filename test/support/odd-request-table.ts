/** Some 500 odd requests for the comparison with nginx, and why the two differ where they do. */
import { chunks, fields, framings, hosts, methods, targets, versions } from './odd-request-parts.ts'
import { type OddRequest, requestText } from './odd-requests.ts'

export interface OddRow {
  readonly name: string
  readonly request: OddRequest
  readonly text: string
}

export interface Difference {
  readonly what: string
  readonly reason: string
  matches(request: OddRequest): boolean
}

/** Each odd part in a request that is right otherwise, and all of some few parts with each other. */
export function oddRequests(): OddRow[] {
  const rows: OddRequest[] = [
    ...targets.map(target => ({ target })),
    ...hosts.map(host => ({ host })),
    ...fields.map(headers => ({ headers })),
    ...framings.map(([headers, body]) => ({ method: 'POST', headers, body })),
    ...methods.map(method => ({ method })),
    ...versions.map(version => ({ version })),
    { host: null },
    { host: null, version: '1.0' },
    { version: '1.0', headers: [['Transfer-Encoding', 'chunked']], method: 'POST', body: chunks },
    { version: '1.0', headers: [['Connection', 'keep-alive']] },
  ]
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'BREW']) {
    for (const target of ['/a/../b', '/a%2fb', '//a', '*', 'http://evil/', '/%2e%2e/a', '/a\\b']) {
      for (const host of ['localhost', 'LOCALHOST:80', 'u@a', '']) rows.push({ method, target, host })
    }
  }
  return rows.map(toRow)
}

function toRow(request: OddRequest): OddRow {
  // The last one: so the connection has an end.
  const closing = { ...request, headers: [...(request.headers ?? []), ['Connection', 'close'] as const] }
  const text = requestText(request.body === undefined ? closing : { ...request, headers: closing.headers })
  return { name: JSON.stringify(request).slice(0, 300), request, text }
}

const path = ({ target = '/' }: OddRequest) => target.split('?', 1)[0] ?? ''
const value = ({ headers = [] }: OddRequest, name: string) =>
  headers.find(([other]) => other.toLowerCase() === name)?.[1]
const isTwice = ({ headers = [] }: OddRequest, name: string) =>
  headers.filter(([other]) => other.toLowerCase() === name).length > 1

/** What nginx passes on and Saola refuses. */
export const stricter: readonly Difference[] = [
  {
    what: 'An encoded slash or backslash in a path, or a backslash',
    reason: 'The application may decode once more, and then see another path than the rules.',
    matches: request => /%2f|%5c|\\/i.test(path(request)),
  },
  {
    what: 'An encoded control character in a path',
    reason: 'It ends lines in logs and headers, and names in C.',
    matches: request => /%[01][\da-f]|%7f/i.test(path(request)),
  },
  {
    what: 'Escapes in a path that are no UTF-8, overlong ones too',
    reason: 'What decodes them less strictly sees a dot or a slash in them.',
    matches: request => /%(?:ff|c0|ed|f4)/i.test(path(request)),
  },
  {
    what: 'Bytes outside ASCII in a target',
    reason: 'RFC 3986 has none; browsers and curl escape them.',
    matches: request => /[\x80-\xff]/.test(request.target ?? ''),
  },
  {
    what: 'A `#` in a target',
    reason: 'RFC 9112 3.2 has none; nginx cuts off what follows it, and passes it on.',
    matches: request => request.target?.includes('#') === true,
  },
  {
    what: 'A dot segment with a parameter: `/..;/`',
    reason: 'Servers in Java cut off what follows the semicolon, and go up.',
    matches: request => /\.;/.test(path(request)) || /%2e;/i.test(path(request)),
  },
  {
    what: 'An absolute target with another host than Host, or another scheme than HTTP',
    reason: 'One stage would take the one host, another the other.',
    matches: request => /^\w+:\/\//.test(request.target ?? ''),
  },
  {
    what: 'A Host with a port that is none',
    reason: 'RFC 9110 7.2: it must be a valid host and port.',
    matches: request => /^[\w.-]*:\w*(?::|$)/.test(request.host ?? ''),
  },
  {
    what: 'A Host with characters that no host name has, or an address that is none',
    reason: 'It comes back in links, in logs, and in keys of caches.',
    matches: ({ host }) => /[^\w.:-]|^\.|^[\d.]+$|^0x|.{254}/.test(host ?? ''),
  },
  {
    what: 'Two lines of Content-Type or Range',
    reason: 'One stage would take the first, another the last.',
    matches: request => isTwice(request, 'content-type') || isTwice(request, 'range'),
  },
  {
    what: 'An Expect other than `100-continue`',
    reason: 'RFC 9110 10.1.1: 417.',
    matches: request => value(request, 'expect') !== undefined,
  },
  {
    what: 'A control character in the value of a field, a line that ends in a bare LF',
    reason: 'RFC 9110 5.5 and RFC 9112 2.2: others see the end of a field there.',
    matches: request => /[\0-\x08\n-\x1f\x7f]/.test(value(request, 'x') ?? ''),
  },
  {
    what: 'A field name with characters that no name has',
    reason: 'RFC 9110 5.1; nginx leaves out the field only.',
    matches: ({ headers = [] }) => headers.some(([name]) => /[^\w!#$%&'*+.^`|~-]/.test(name)),
  },
  {
    what: 'More than 128 fields',
    reason: '`edge.limits.headers`.',
    matches: ({ headers = [] }) => headers.length > 128,
  },
  {
    what: 'Chunks with bare LF, with spaces, with an empty extension, or with a Content-Length behind them',
    reason: 'RFC 9112 7.1: stages that read them differently see different requests.',
    matches: request => value(request, 'transfer-encoding') === 'chunked',
  },
  {
    what: 'A method that Node does not know',
    reason: '501, also before an upstream that knows it.',
    matches: ({ method = 'GET' }) => !['GET', 'POST', 'DELETE', 'OPTIONS'].includes(method),
  },
  {
    what: 'A version other than 1.0 and 1.1',
    reason: '505, or 400 where it is no version.',
    matches: ({ version = '1.1' }) => !['1.0', '1.1'].includes(version),
  },
]

/** What nginx refuses and Saola passes on. */
export const laxer: readonly Difference[] = [
  {
    what: 'A field longer than 8 KB',
    reason: 'The limit is for all fields together: `edge.limits.headerBytes`, 16 KB.',
    matches: request => (value(request, 'x')?.length ?? 0) > 8_000,
  },
  {
    what: 'A tab behind the value of Content-Length',
    reason: 'RFC 9110 5.5: it is no part of the value, like a space, which nginx takes.',
    matches: request => value(request, 'content-length') === '5\t',
  },
]
