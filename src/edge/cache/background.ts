/**
 * A request of the edge's own, to fetch what clients will want: a pair of request and response that reads and writes no
 * connection, but is like any other for whoever answers it, be that Express or the proxy.
 */

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { http } from '../../base/node-http.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { replaceHeaders } from './fill-headers.ts'

export interface BackgroundTarget {
  readonly rawHeaders: string[]
  readonly search: string
}

/** A GET for what another request wants. It ends, with 'close' of its response, when that is complete or destroyed. */
export function backgroundRequest(like: EdgeRequest, { rawHeaders, search }: BackgroundTarget): EdgeRequest {
  const socket = new NoConnection(like) as unknown as Socket
  const req = new http.IncomingMessage(socket)
  Object.assign(req, { httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1, method: 'GET' })
  req.url = like.encodedPath + search
  replaceHeaders(req, rawHeaders)
  req.complete = true
  req.push(null)
  const res = new http.ServerResponse(req)
  res.assignSocket(socket)
  // Its 'close' then is that of the response, too.
  res.once('finish', () => void socket.destroy())
  const { scheme, host, path, encodedPath, clientAddress, peerAddress } = like
  const target = { scheme, host, path, encodedPath, search, clientAddress, peerAddress }
  return { req, res, ...target, upgrade: undefined, bodyBytes: 0, expectsContinue: false }
}

/** What applications ask of `req.socket`. Whatever is written is gone: the cache has seen it before. */
class NoConnection extends Duplex {
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean | undefined

  constructor({ clientAddress, scheme }: EdgeRequest) {
    super({ read() {}, write: (_chunk, _encoding, done) => done(), writev: (_chunks, done) => done() })
    this.remoteAddress = clientAddress || undefined
    if (scheme === 'https') this.encrypted = true
    this.on('error', () => {})
  }

  address(): object {
    return {}
  }
  setTimeout(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}
