/** The HTTP servers of the dashboard, on descriptors that it has inherited. */
import { readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../base/errors.ts'
import type { LogFields, LogLevel } from '../../base/log.ts'
import { http } from '../../base/node-http.ts'

export interface ListenOptions {
  /** Descriptors that it listens on. */
  readonly fds: readonly number[]
  /** The addresses of those, as in the configuration. */
  readonly listen: readonly string[]
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  onRequest(req: IncomingMessage, res: ServerResponse): void
  log(level: LogLevel, event: string, fields: LogFields): void
}

export interface Listeners {
  readonly connections: number
  close(): Promise<void>
}

/** Of each address: a browser has a few of its own. */
const connectionsMax = 256
const lookMs = 30_000
/** Shorter than the time after which this process is killed. */
const drainMs = 1_500
const drainLookMs = 25

const limits: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // A body of 2 MB comes within it over 20 KB/s. How long an answer takes is another matter: a reload takes as long as workers do.
  requestTimeout: 120_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  requireHostHeader: true,
}

export async function listenOn(options: ListenOptions): Promise<Listeners> {
  const { fds, listen, tls } = options
  let connections = 0
  const servers = await Promise.all(
    fds.map(async (fd, index) => {
      // Who reaches a file on this machine needs no TLS.
      const server = tls && !listen[index]?.startsWith('unix:') ? secureServer(options, tls) : http.createServer(limits)
      server.on('request', options.onRequest)
      server.maxConnections = connectionsMax
      server.on('connection', socket => {
        connections++
        socket.once('close', () => connections--)
      })
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ fd }, resolve))
      return server
    }),
  )
  const stopWatching = tls && watch(options, tls, servers)
  return {
    get connections() {
      return connections
    },
    async close() {
      stopWatching?.()
      for (const server of servers) {
        server.close()
        server.closeIdleConnections()
      }
      // Who has asked for the reload that replaces this process is still to be answered.
      for (let leftMs = drainMs; connections > 0 && leftMs > 0; leftMs -= drainLookMs) {
        await pause(drainLookMs)
        for (const server of servers) server.closeIdleConnections()
      }
      for (const server of servers) server.closeAllConnections()
    },
  }
}

type Pem = { readonly cert: string; readonly key: string }

function secureServer(_: ListenOptions, tls: Pem): SecureServer {
  const https = process.getBuiltinModule('node:https')
  return https.createServer({ ...limits, ...readPem(tls), minVersion: 'TLSv1.2', handshakeTimeout: 10_000 })
}

function readPem({ cert, key }: Pem): Pem {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

function watch(options: ListenOptions, tls: Pem, servers: readonly (Server | SecureServer)[]): () => void {
  const look = certificateWatch(options, tls, servers)
  const timer = setInterval(look, lookMs).unref()
  return () => clearInterval(timer)
}

/** How to look once: a certificate that was renewed is taken without a reload; one that cannot be used is told, and the old one stays. */
export function certificateWatch(
  { log }: Pick<ListenOptions, 'log'>,
  tls: Pem,
  servers: readonly (Server | Pick<SecureServer, 'setSecureContext'>)[],
): () => void {
  let seen = stampOf(tls)
  return () => {
    const now = stampOf(tls)
    if (now === seen) return
    seen = now
    try {
      const pem = readPem(tls)
      for (const server of servers)
        if ('setSecureContext' in server) server.setSecureContext({ ...pem, minVersion: 'TLSv1.2' })
      log('info', 'dashboard.certificate.loaded', { cert: tls.cert })
    } catch (error) {
      log('error', 'dashboard.certificate.refused', { cert: tls.cert, error: messageOf(error) })
    }
  }
}

function stampOf({ cert, key }: Pem): string {
  return [cert, key].map(stampOfFile).join('|')
}

/** A file that cannot be looked at has a stamp as well, so that it is told once: reading it then says why. */
function stampOfFile(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch (error) {
    return messageOf(error)
  }
}
