/**
 * Makes the one form of a request by which everything behind decides: the target is read once, Host is one valid name,
 * the framing is beyond doubt, and no header is left that only this hop or only a trusted proxy may send. What can be
 * read in two ways is refused: nearly all holes of this kind come from two stages that read the same bytes differently.
 *
 * The usual request, of which nothing has to be changed, costs one pass over its raw headers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { http } from '../../base/node-http.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { noteClient } from '../forwarded/noted-client.ts'
import { type Origin, readOrigin } from '../forwarded/origin.ts'
import { requestIdOf } from '../forwarded/request-id.ts'
import { createTrust, type Peer, type Trust } from '../forwarded/trust.ts'
import { type UntrustedWatch, watchForProxies } from '../forwarded/untrusted-proxy.ts'
import type { EdgeSettings } from '../options.ts'
import { answerEarly } from '../refusals/discard-rest.ts'
import { hasEnded, lingerForBody } from '../refusals/linger.ts'
import { refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import { type Fields, problemOf, readFields, settleFields } from './header-fields.ts'
import { kinds } from './header-kinds.ts'
import { createHostReader, formatHost, type ReadHost } from './host.ts'
import { createHostRule } from './host-rule.ts'
import { parseTarget, type Target, type TargetRules, targetRulesOf } from './target.ts'

type Upgrade = EdgeRequest['upgrade']
type Scheme = EdgeRequest['scheme']
type Canonicalise = (req: IncomingMessage, res: ServerResponse, upgrade: Upgrade) => EdgeRequest | undefined

interface Rules extends TargetRules {
  readonly takesHost: ReturnType<typeof createHostRule>
  readonly readHost: (text: string) => ReadHost | undefined
  readonly trust: Trust
  readonly watchUntrusted: UntrustedWatch | undefined
  readonly targetCharsMax: number
  readonly fieldsMax: number
  readonly addsRequestId: boolean
}

/** Makes the one form of a request that all steps decide by; undefined when it was refused and is answered already. */
export function createCanonicaliser(
  settings: EdgeSettings,
  services: Pick<EdgeServices, 'log' | 'readyPath'>,
): Canonicalise {
  const rules = rulesOf(settings, services)
  return (req, res, upgrade) => {
    if (hasEnded(req)) return undefined
    const { url = '', method = '' } = req
    let problem = problemOfLine(req, rules)
    if (problem === 0) {
      const target = parseTarget(url, method, rules)
      if (target) {
        const fields = readFields(req.rawHeaders)
        problem = problemOf(fields, req.httpVersion)
        if (problem === 0) {
          const request = accept({ req, res, upgrade, target, fields }, rules)
          if (typeof request !== 'number') return request
          problem = request
        }
      } else problem = 400
    }
    answer(res, problem)
    return undefined
  }
}

function rulesOf(settings: EdgeSettings, services: Pick<EdgeServices, 'log' | 'readyPath'>): Rules {
  const { trust, paths, limits, requestId } = settings
  return {
    watchUntrusted: watchForProxies(settings, services),
    trust: createTrust(trust),
    takesHost: createHostRule(settings, services),
    readHost: createHostReader(),
    ...targetRulesOf(paths),
    targetCharsMax: paths.maxBytes,
    fieldsMax: limits.headers,
    addsRequestId: requestId,
  }
}

/** What can be said before the target is read; 0 when it is right. */
function problemOfLine(req: IncomingMessage, { fieldsMax, targetCharsMax }: Rules): number {
  const { method, url = '', httpVersion } = req
  // Node's parser also takes a 2.0 or 0.9 that somebody wrote into the first line.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    if (httpVersion !== '2.0' || !isStream(req)) return 505
    if (!methods.has(method)) return 501
  }
  if (method === 'TRACE') return 405
  if (method === 'CONNECT') return 501
  if (url.length > targetCharsMax) return 414
  return req.rawHeaders.length > 2 * fieldsMax ? 431 : 0
}

/** Those of Node's parser of HTTP/1.1, which knows no others: HTTP/2 takes any word for one. */
const methods: ReadonlySet<string | undefined> = new Set(http.METHODS)

/** Of HTTP/2: its connections have no parser of HTTP/1.1. */
function isStream(req: IncomingMessage): boolean {
  return !(req.socket as { parser?: unknown }).parser
}

interface Parts {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly upgrade: Upgrade
  readonly target: Target
  readonly fields: Fields
}

/** The request, or the status of the answer when its host is not right. */
function accept(parts: Parts, rules: Rules): EdgeRequest | number {
  const { req, res, upgrade, target, fields } = parts
  if (fields.contentLength !== undefined || fields.transferEncoding !== undefined) lingerForBody(req)
  const peer = rules.trust.peerOf(req.socket)
  if (!peer.isTrusted && fields.seen & kinds.identity) rules.watchUntrusted?.(peer, req.rawHeaders)
  const origin =
    peer.isTrusted && fields.seen & kinds.identity ? readOrigin(req.rawHeaders, peer, rules.trust) : undefined
  const scheme = origin?.scheme ?? ((req.socket as TLSSocket).encrypted === true ? 'https' : 'http')
  const own = fields.host === undefined ? undefined : rules.readHost(fields.host)
  if (!isHostRight(parts, own, rules)) return 400
  const host = origin?.host ?? own
  if (rules.takesHost && !rules.takesHost(host, target.path)) return 421
  if (target.encodedPath === '*') return 204
  const ownText = own?.text[scheme]
  const { isTrusted: isPeerTrusted } = peer
  const { addsRequestId } = rules
  settleFields(req, fields, { isPeerTrusted, isUpgrade: upgrade !== undefined, host: ownText, addsRequestId })
  if (addsRequestId) res.setHeader('X-Request-Id', requestIdOf(req))
  if (origin && origin.address !== peer.address) noteClient(req, origin.address)
  const hostText = origin?.host ? formatHost(origin.host, scheme) : (ownText ?? '')
  return requestOf(parts, { scheme, host: hostText, peer, origin })
}

/** RFC 9112 3.2: one that names a host; only HTTP/1.0 may do without. In absolute-form the two must agree (3.2.2). */
function isHostRight({ req, fields, target }: Parts, own: ReadHost | undefined, { readHost }: Rules): boolean {
  if (!own && (fields.host !== undefined || req.httpVersion !== '1.0')) return false
  if (target.authority === undefined) return true
  const named = readHost(target.authority)
  return named !== undefined && own !== undefined && named.text.http === own.text.http
}

function requestOf(
  { req, res, upgrade, target, fields }: Parts,
  { scheme, host, peer, origin }: { scheme: Scheme; host: string; peer: Peer; origin: Origin | undefined },
): EdgeRequest {
  const { path, encodedPath, search } = target
  const url = search === '' ? encodedPath : encodedPath + search
  if (url !== req.url) req.url = url
  return {
    req,
    res,
    scheme,
    host,
    path,
    encodedPath,
    search,
    clientAddress: origin === undefined ? peer.address : origin.address,
    peerAddress: peer.address,
    upgrade,
    bodyBytes: bodyBytesOf(fields),
    rewrite: undefined,
    askAccess: undefined,
    expectsContinue: fields.expect !== undefined && !upgrade && req.httpVersion !== '1.0',
  }
}

/** RFC 9112 6.3. What HTTP/2 says by its frames, http2/ has written as one of the two. */
function bodyBytesOf({ contentLength, transferEncoding }: Fields): number | undefined {
  if (contentLength !== undefined) return Number(contentLength)
  return transferEncoding === undefined ? 0 : undefined
}

function answer(res: ServerResponse, status: number): void {
  if (status !== 204) {
    // Where this one ends is what was in doubt; unless only its host was another's.
    if (status !== 421) res.shouldKeepAlive = false
    lingerForBody(res.req)
    refuse(res, status, status === 421 ? 'host' : 'bad-request', status === 405 ? { Allow: allowed } : {})
    return
  }
  // RFC 9110 9.3.7: `OPTIONS *` asks the server itself whether it is there.
  answerEarly(res)
  res.writeHead(204, { Allow: allowed })
  res.end()
}

const allowed = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
