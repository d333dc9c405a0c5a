/**
 * A store of Saola on another machine, behind its network door: the same connection as to an owner here, over TCP or TLS. So writes
 * count once and waits go on after a broken connection; only reads are not done here.
 */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import { ReplyError } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { EmbeddedEngine } from './embedded.ts'
import type { Call } from './engine.ts'
import { errorOf } from './reply-to-error.ts'

export interface RemoteOptions {
  /** `saola://[user:password@]host[:9980]`, or `saolas://…` for TLS; `?ca=FILE`, `&cert=FILE&key=FILE`. */
  readonly url: string
  /** Instead of the one in the address. */
  readonly password?: string | undefined
  /** PEM: who has signed the certificate of the store; by default those whom Node trusts. */
  readonly ca?: string | Buffer | undefined
  /** PEM: the certificate of this client, and its key, where the store asks for one. */
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /** Milliseconds that a call may take; 10,000 by default. */
  readonly timeoutMs?: number | undefined
}

const portDefault = 9980
const keepAliveMs = 15_000

/**
 * Connects at the first call.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when the address is none, or a file that it names cannot be read.
 */
export function openRemoteEngine(options: RemoteOptions): EmbeddedEngine {
  const { place, tlsOptions, greeting } = addressOf(options)
  const name = `${net.isIPv6(place.host) ? `[${place.host}]` : place.host}:${place.port}`
  let latest: Error | undefined
  const far = {
    connect: () => {
      const socket = tlsOptions ? tls.connect({ ...place, ...tlsOptions }) : net.connect({ ...place, noDelay: true })
      socket.setKeepAlive(true, keepAliveMs)
      socket.once('error', error => {
        latest = error
      })
      return socket
    },
    connectedEvent: tlsOptions ? ('secureConnect' as const) : ('connect' as const),
    greeting,
    refusalOf: (fault: Error | ReplyError) =>
      fault instanceof ReplyError ? refusalOfReply(fault, name) : refusalOfSocket(fault, name),
    explainAbsence: () => {
      const reason = latest ? ` (${latest.message})` : ''
      return new StoreError(
        'STORE_UNAVAILABLE',
        `The store at ${name} could not be reached${reason}: nothing was sent.`,
      )
    },
  }
  return new EmbeddedEngine({
    dir: undefined,
    far,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  })
}

export function isRemoteUrl(url: string): boolean {
  return /^saolas?:\/\//.test(url)
}

function addressOf({ url, password, ca, cert, key }: RemoteOptions) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !isRemoteUrl(url) || parsed.hostname === '') throw badUrl('is none')
  const { hostname, port, username, searchParams } = parsed
  // URL keeps what is not the web as it is written.
  const host = decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1'))
  const secret = password ?? (parsed.password === '' ? undefined : decodeURIComponent(parsed.password))
  const user = username === '' ? 'default' : decodeURIComponent(username)
  const greeting: Call = secret === undefined ? ['hello', '3'] : ['hello', '3', 'auth', user, secret]
  const file = (name: string) => fileIn(searchParams, name)
  const tlsOptions =
    parsed.protocol === 'saolas:'
      ? {
          ...given('ca', ca ?? file('ca')),
          ...given('cert', cert ?? file('cert')),
          ...given('key', key ?? file('key')),
          minVersion: 'TLSv1.2' as const,
          ...(net.isIP(host) ? {} : { servername: host }),
        }
      : undefined
  return { place: { host, port: port === '' ? portDefault : Number(port) }, tlsOptions, greeting }
}

function given<Name extends string>(name: Name, value: string | Buffer | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: string | Buffer }
}

function fileIn(params: URLSearchParams, name: string): Buffer | undefined {
  const path = params.get(name)
  if (path === null) return undefined
  try {
    return readFileSync(path)
  } catch (error) {
    throw badUrl(`names a file for ${name} that cannot be read (${(error as Error).message})`)
  }
}

function badUrl(what: string): StoreError {
  const form = 'saola://:password@host:9980, or saolas:// for TLS'
  return new StoreError('STORE_ARGUMENT_INVALID', `The address of the store ${what}: it is ${form}.`)
}

/** What the greeting was answered with. That the owner is about to end passes. */
function refusalOfReply(reply: ReplyError, name: string): StoreError | undefined {
  const { code, message } = reply
  if (code === 'STORE_CLOSED') return undefined
  if (code === 'NOAUTH') return new StoreError('STORE_NO_AUTH', `The store at ${name} wants a password, and got none.`)
  if (code === 'WRONGPASS') return new StoreError('STORE_NO_AUTH', `The store at ${name} refused the password.`)
  if (message.includes('speaks TLS')) {
    return new StoreError('STORE_UNSUPPORTED', `The store at ${name} speaks TLS only: use saolas:// in its address.`)
  }
  if (message.startsWith('unknown command')) {
    return new StoreError('STORE_UNSUPPORTED', `There is no Saola at ${name}: for Redis use redis:// or rediss://.`)
  }
  if (message.includes('max number of clients')) return undefined
  return errorOf(reply)
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/

function refusalOfSocket(error: NodeJS.ErrnoException, name: string): StoreError | undefined {
  const { code = '', message } = error
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || /wrong version number|packet length too long/.test(message)) {
    return new StoreError('STORE_UNSUPPORTED', `The store at ${name} speaks no TLS: use saola:// in its address.`, {
      cause: error,
    })
  }
  if (/ALERT|alert/.test(code + message)) {
    const advice = 'if it asks for the certificate of the client, give cert and key'
    return new StoreError('STORE_NO_AUTH', `The store at ${name} refused this client's TLS (${message}): ${advice}.`, {
      cause: error,
    })
  }
  if (!untrusted.test(code)) return undefined
  const advice = 'give the certificate of who has signed it as ca'
  return new StoreError(
    'STORE_NO_AUTH',
    `The certificate of the store at ${name} is not trusted (${message}): ${advice}.`,
    {
      cause: error,
    },
  )
}
