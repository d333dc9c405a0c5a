/** For tests: a front of HTTP/2 in this process, on a socket without TLS. */

import type { RequestListener, Server } from 'node:http'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { LogFields } from '../../src/base/log.ts'
import { http } from '../../src/base/node-http.ts'
import type { PendingBudget } from '../../src/edge/connections/pending-budget.ts'
import { createHttp2, type Http2Front } from '../../src/edge/http2/http2-front.ts'
import type { Http2Settings } from '../../src/edge/http2/options.ts'
import { defaultEdge, type EdgeSettings } from '../../src/edge/options.ts'
import type { EdgeServices } from '../../src/edge/services.ts'

export interface Http2Stage {
  readonly port: number
  readonly server: Server
  readonly front: Http2Front
  readonly events: readonly { readonly event: string; readonly fields: LogFields | undefined }[]
  /** The sockets that were accepted and are not closed. */
  readonly sockets: ReadonlySet<net.Socket>
  client(): ClientHttp2Session
}

export interface StageOptions {
  readonly http2?: Partial<Http2Settings>
  readonly limits?: Partial<EdgeSettings['limits']>
  readonly clock?: Clock
  readonly budget?: PendingBudget
}

export async function openHttp2(
  t: TestContext,
  listener: RequestListener | undefined,
  options: StageOptions = {},
): Promise<Http2Stage> {
  const defaults = defaultEdge()
  const settings = {
    http2: { ...(defaults.http2 as Http2Settings), ...options.http2 },
    limits: { ...defaults.limits, ...options.limits },
  }
  const server = http.createServer()
  if (listener) server.on('request', listener)
  const events: { event: string; fields: LogFields | undefined }[] = []
  const note = (event: string, fields?: LogFields) => void events.push({ event, fields })
  const log = { debug: note, info: note, warn: note, error: note }
  const services = { log, clock: options.clock ?? systemClock } as unknown as EdgeServices
  const front = createHttp2(settings, services, server, options.budget)
  const sockets = new Set<net.Socket>()
  const listening = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    front.accept(socket)
  })
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  const clients = new Set<ClientHttp2Session>()
  t.after(() => {
    for (const client of clients) client.destroy()
    front.close()
    for (const socket of sockets) socket.destroy()
    listening.close()
  })
  const client = () => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    clients.add(session)
    return session
  }
  return { port, server, front, events, sockets, client }
}

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly informational: readonly IncomingHttpHeaders[]
  readonly trailers: IncomingHttpHeaders | undefined
  readonly body: Buffer
  readonly resetCode: number | undefined
}

/** Sends one request and waits until its stream is closed. */
export function ask(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Uint8Array | string,
): Promise<Http2Answer> {
  return new Promise(resolve => {
    const stream = client.request(headers, { endStream: body === undefined })
    const informational: IncomingHttpHeaders[] = []
    const chunks: Buffer[] = []
    let answer: IncomingHttpHeaders = {}
    let trailers: IncomingHttpHeaders | undefined
    stream.on('headers', each => informational.push(each))
    stream.on('response', each => {
      answer = each
    })
    stream.on('trailers', each => {
      trailers = each
    })
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('error', () => {})
    stream.on('close', () =>
      resolve({ headers: answer, informational, trailers, body: Buffer.concat(chunks), resetCode: stream.rstCode }),
    )
    if (body !== undefined) stream.end(body)
  })
}
