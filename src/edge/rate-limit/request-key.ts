/** By what requests are counted together. */
import { createHash } from 'node:crypto'
import { messageOf, ServerError } from '../../base/errors.ts'
import { loadModule } from '../../base/load-module.ts'
import { readCookie } from '../cookies.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { headerText } from '../header-text.ts'
import type { EdgeServices } from '../services.ts'
import { clientNetwork } from './client-network.ts'
import type { RateLimitRule } from './options.ts'

/** What a module for keys is given of a request. */
export interface RequestFacts {
  readonly method: string
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly path: string
  /** With its `?`. */
  readonly search: string
  readonly clientAddress: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** undefined: the request is not limited. */
export type RequestKey = (request: EdgeRequest) => string | undefined

/** Longer ones are kept as their hash: a table of keys has a size that clients cannot blow up. */
const keyLengthMax = 64

/**
 * The function that finds the key of a request. Each kind has a letter of its own in front, so that nobody can pass a header
 * off as an address.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when a module has no function to export.
 */
export async function createRequestKey(
  key: RateLimitRule['key'],
  services: Pick<EdgeServices, 'log'>,
): Promise<RequestKey> {
  if (key === 'all') return () => 'a'
  if (key === 'ip') return byAddress
  if ('header' in key) {
    const name = key.header.toLowerCase()
    // A client that leaves the header out is counted by its address, and does not go free.
    return request => byText(request, headerText(request.req.headers[name]))
  }
  if ('cookie' in key) return request => byText(request, readCookie(request.req.headers.cookie, key.cookie))
  return byModule(key.module, services)
}

function byAddress({ clientAddress }: EdgeRequest): string {
  return `i${clientNetwork(clientAddress)}`
}

function byText(request: EdgeRequest, text: string | undefined): string {
  return text === undefined || text === '' ? byAddress(request) : `t${shorten(text)}`
}

async function byModule(file: string, { log }: Pick<EdgeServices, 'log'>): Promise<RequestKey> {
  const { default: find } = await loadModule(file)
  if (typeof find !== 'function') {
    throw new ServerError(
      'ERR_CONFIG_INVALID',
      `edge.rateLimit: ${file} expected a function as its default export, got ${typeof find}.`,
    )
  }
  let hasFailed = false
  const fail = (error: unknown) => {
    if (!hasFailed) log.error('edge.rate-limit.key-failed', { file, error: messageOf(error) })
    hasFailed = true
  }
  return request => {
    try {
      const key: unknown = find(factsOf(request))
      if (key === undefined) return undefined
      if (typeof key === 'string') return `t${shorten(key)}`
      fail(new Error(`expected a text or undefined, got ${typeof key}`))
    } catch (error) {
      fail(error)
    }
    return byAddress(request)
  }
}

function factsOf({ req, scheme, host, path, search, clientAddress }: EdgeRequest): RequestFacts {
  return { method: req.method ?? '', scheme, host, path, search, clientAddress, headers: req.headers }
}

function shorten(text: string): string {
  return text.length <= keyLengthMax ? text : `#${createHash('sha256').update(text).digest('base64url')}`
}
