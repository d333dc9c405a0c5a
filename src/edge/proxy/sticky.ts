import { createHash } from 'node:crypto'
import { readCookie } from '../cookies.ts'
import type { EdgeRequest } from '../edge-request.ts'
import type { ProxyRule } from './options.ts'

type StickySettings = Exclude<ProxyRule['sticky'], false>

/** Leads a client to the upstream that it had before, by a cookie that says nothing about where that is. */
export class Sticky<Upstream extends { readonly url: string }> {
  readonly #settings: StickySettings
  readonly #path: string
  readonly #byId: ReadonlyMap<string, Upstream>
  readonly #ids: ReadonlyMap<Upstream, string>

  constructor(settings: StickySettings, prefix: string, upstreams: readonly Upstream[]) {
    this.#settings = settings
    this.#path = prefix === '' ? '/' : encodeURI(prefix).replaceAll(';', '%3B')
    this.#ids = new Map(upstreams.map(upstream => [upstream, idOf(upstream.url)]))
    this.#byId = new Map(upstreams.map(upstream => [idOf(upstream.url), upstream]))
  }

  /** Where the client was; undefined for a new one, or when that upstream is not there any more. */
  find(request: EdgeRequest): Upstream | undefined {
    const id = readCookie(request.req.headers.cookie, this.#settings.cookie)
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** The `Set-Cookie` of an answer (RFC 6265, 4.1). */
  cookieFor(upstream: Upstream, request: EdgeRequest): string {
    const { cookie, maxAge } = this.#settings
    const age = maxAge === undefined ? '' : `; Max-Age=${Math.ceil(maxAge / 1_000)}`
    const secure = request.scheme === 'https' ? '; Secure' : ''
    return `${cookie}=${this.#ids.get(upstream)}; Path=${this.#path}${age}; HttpOnly; SameSite=Lax${secure}`
  }
}

function idOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16)
}
