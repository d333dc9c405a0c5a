/**
 * Tells the application whose certificate a client has shown, in two headers that no client can set itself: the edge, which
 * ends TLS, takes them from every request that comes, and adds them where it has checked (RFC 9440, 2 and 4).
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'

const ownHeaders = ['client-cert', 'client-cert-chain', 'x-client-cert-subject'] as const

type Headers = readonly (readonly [name: string, value: string])[]

export async function createClientCertificate({ tls }: EdgeSettings): Promise<Step | undefined> {
  if (!tls) return undefined
  const isAsked = tls.clientCertificate !== 'none'
  // A connection has one certificate, and many requests.
  const known = new WeakMap<Socket, Headers>()
  return {
    name: 'client certificate',
    run({ req }) {
      for (const name of ownHeaders) if (req.headers[name] !== undefined) removeHeader(req, name)
      if (isAsked) for (const [name, value] of headersOf(req.socket, known)) addHeader(req, name, value)
      return 'next'
    },
  }
}

function headersOf(socket: Socket & { readonly _parent?: Socket | null }, known: WeakMap<Socket, Headers>): Headers {
  // That of a request of HTTP/2 is its stream: below it, and below TLS, is the connection.
  const connection = socket._parent ?? socket
  let headers = known.get(connection)
  if (!headers) {
    headers = readCertificate(socket)
    known.set(connection, headers)
  }
  return headers
}

function readCertificate(socket: Socket): Headers {
  const { authorized, getPeerX509Certificate } = socket as Partial<TLSSocket>
  // Node calls a resumed session authorised, also one that began without any certificate.
  const certificate = authorized === true ? getPeerX509Certificate?.call(socket) : undefined
  if (!certificate) return []
  return [
    ['Client-Cert', `:${certificate.raw.toString('base64')}:`],
    ['X-Client-Cert-Subject', formatSubject(certificate.subject)],
  ]
}

/** `CN=alice,O=Shop`, as RFC 4514 has it: the last part first, what is not ASCII as `\C3\A9` (2.4). */
export function formatSubject(subject: string): string {
  const text = subject.split('\n').reverse().join(',')
  return text.replace(/[^\x20-\x7e]+/gu, part =>
    [...Buffer.from(part)].map(byte => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function removeHeader(req: IncomingMessage, name: string): void {
  delete req.headers[name]
  delete req.headersDistinct[name]
  const { rawHeaders } = req
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (rawHeaders[index]?.toLowerCase() === name) rawHeaders.splice(index, 2)
  }
}

function addHeader(req: IncomingMessage, name: string, value: string): void {
  req.headers[name.toLowerCase()] = value
  req.headersDistinct[name.toLowerCase()] = [value]
  req.rawHeaders.push(name, value)
}
