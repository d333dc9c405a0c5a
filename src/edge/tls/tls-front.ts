/**
 * Speaks TLS with what is accepted, and hands it on as a connection of HTTP/1.1 or HTTP/2.
 *
 * Sessions are resumed with tickets alone: they need no memory here, and the keys are the same in all workers. Node knows
 * one key at a time; it is changed every twelve hours, and as a ticket is good for five minutes, few clients notice.
 */
import type net from 'node:net'
import type { SecureContext, SecureContextOptions, Server, TLSSocket } from 'node:tls'
import { messageOf, ServerError } from '../../base/errors.ts'
import { strongCiphers } from '../../base/tls-ciphers.ts'
import type { EdgeServices } from '../services.ts'
import type { Credentials, Identity } from './credentials.ts'
import { createNameTable, type NameTable } from './name-table.ts'
import type { TlsSettings } from './options.ts'

export interface TlsFront {
  accept(socket: net.Socket): void
  close(): Promise<void>
}

export interface TlsHandlers {
  onHttp1(socket: TLSSocket): void
  /** Without it, HTTP/2 is not offered. */
  readonly onHttp2: ((socket: TLSSocket) => void) | undefined
}

/** Without the finite fields that OpenSSL offers, too: a client could make each handshake cost fifty times as much. */
const keyExchange = '?X25519MLKEM768:X25519:P-256:P-384'

const ticketSeconds = 300

/**
 * Encrypts: what it accepts comes out as a connection of HTTP/1.1 or HTTP/2, as the client and ALPN agree.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when the certificates cannot be used.
 */
export function createTls(settings: TlsSettings, services: EdgeServices, handlers: TlsHandlers): TlsFront {
  const { credentials } = services
  if (!credentials) throw new ServerError('ERR_CONFIG_INVALID', 'TLS expected certificates, got none.')
  const shared = sharedOptions(settings, services.app)
  let contexts = createContexts(credentials.current, shared)
  const server = process.getBuiltinModule('node:tls').createServer({
    ...shared,
    ...contextOptions(contexts.first, credentials.current),
    // The best first (RFC 7301).
    ALPNProtocols: [...(handlers.onHttp2 ? ['h2'] : []), 'http/1.1'],
    handshakeTimeout: settings.handshakeTimeout,
    requestCert: settings.clientCertificate !== 'none',
    rejectUnauthorized: settings.clientCertificate === 'required',
    // With one certificate there is nothing to choose, and a handshake is the cheaper.
    ...(contexts.isOnlyOne ? {} : { SNICallback: (name: string, done: Done) => choose(contexts.table, name, done) }),
  })
  // A scanner, a browser that does not trust the certificate: a fault of theirs, told to nobody. Node ends the connection.
  const refuse = (socket: TLSSocket) => {
    services.counts?.countRefusal('tls')
    socket.destroy()
  }
  server.on('tlsClientError', (_error, socket) => refuse(socket))
  const mayHaveCertificate = settings.clientCertificate !== 'none'
  server.on('secureConnection', socket => {
    if (mayHaveCertificate && hasWrongCertificate(socket)) refuse(socket)
    else hand(socket, handlers)
  })
  credentials.onChange(next => {
    try {
      const made = createContexts(next, shared)
      server.setSecureContext({ ...shared, ...contextOptions(made.first, next) })
      contexts = made
    } catch (error) {
      services.log.error('edge.certificate.refused', { app: services.app, error: messageOf(error) })
    }
  })
  return { accept: socket => accept(server, socket), close: async () => void server.emit('close') }
}

function accept(server: Server, socket: net.Socket): void {
  // Until it is encrypted nobody else listens: a client that resets it then is no fault of this process.
  socket.on('error', () => socket.destroy())
  server.emit('connection', socket)
}

function hand(socket: TLSSocket, { onHttp1, onHttp2 }: TlsHandlers): void {
  if (onHttp2 && socket.alpnProtocol === 'h2') onHttp2(socket)
  else onHttp1(socket)
}

/** One that was not asked to be there need not be, but one that is must be right. */
function hasWrongCertificate(socket: TLSSocket): boolean {
  return !socket.authorized && socket.getPeerX509Certificate() !== undefined
}

interface Contexts {
  readonly first: Identity
  readonly isOnlyOne: boolean
  readonly table: NameTable<SecureContext>
}

function createContexts(credentials: Credentials, shared: SecureContextOptions): Contexts {
  const [first, ...others] = credentials.identities
  if (!first) throw new ServerError('ERR_CONFIG_INVALID', 'TLS expected a certificate, got none.')
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  const entries = others.flatMap(identity => {
    const context = createSecureContext({ ...shared, ...contextOptions(identity, credentials) })
    return identity.names.map(name => [name, context] as const)
  })
  return { first, isOnlyOne: others.length === 0, table: createNameTable(entries) }
}

type Done = (error: Error | null, context?: SecureContext) => void

/** Whatever a client calls itself: an error here would end the process (CVE-2026-21637), so none gets out. */
function choose(table: NameTable<SecureContext>, name: string, done: Done): void {
  let context: SecureContext | undefined
  try {
    context = table.find(name)
  } catch {
    // A name that is none: the first certificate is for all of those.
  }
  done(null, context)
}

function sharedOptions(settings: TlsSettings, app: string): SecureContextOptions {
  const { constants, createHash } = process.getBuiltinModule('node:crypto')
  return {
    minVersion: settings.minVersion,
    ciphers: settings.ciphers ?? strongCiphers,
    honorCipherOrder: true,
    ecdhCurve: keyExchange,
    // HTTP has no use for it, and it costs a server ten times what it costs a client.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: ticketSeconds,
    // The same in all workers, or a ticket of one would be no ticket for another.
    sessionIdContext: createHash('sha256').update(`saola ${app}`).digest('hex').slice(0, 32),
  }
}

/** Each context needs the keys: Node asks the one that the name has chosen. */
function contextOptions({ cert, key }: Identity, { ca, ticketKeys }: Credentials): SecureContextOptions {
  return { cert, key, ticketKeys: Buffer.from(ticketKeys, 'base64'), ...(ca === undefined ? {} : { ca }) }
}
