import { codeOf, messageOf, ServerError } from './errors.ts'

/** Where an application listens. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'systemd'; readonly name: string }

const forms = 'HOST:PORT, :PORT, [::1]:PORT, unix:PATH, fd://N or systemd:NAME'

/**
 * Reads one listen address. `:8000` and `8000` mean every IPv4 and IPv6 interface.
 *
 * ```ts
 * parseAddress('127.0.0.1:8000')  // { kind: 'tcp', host: '127.0.0.1', port: 8000 }
 * parseAddress('unix:/run/shop.sock')
 * ```
 *
 * @throws {ServerError} ERR_ADDRESS_INVALID when the text is none of the forms, or the port is above 65535.
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) return unixAddress(text)
  const fd = /^fd:\/\/(\d+)$/.exec(text)
  if (fd) return { kind: 'fd', fd: Number(fd[1]) }
  const systemd = /^systemd:(.+)$/.exec(text)
  if (systemd?.[1]) return { kind: 'systemd', name: systemd[1] }
  const tcp = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text) ?? /^()()(\d{1,5})$/.exec(text)
  const port = Number(tcp?.[3])
  if (!tcp || port > 65_535) {
    throw new ServerError('ERR_ADDRESS_INVALID', `expected ${forms}, got ${JSON.stringify(text)}`)
  }
  return { kind: 'tcp', host: tcp[1] || tcp[2] || '', port }
}

function unixAddress(text: string): Address {
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
  if (path === '') throw new ServerError('ERR_ADDRESS_INVALID', `expected unix:PATH, got ${JSON.stringify(text)}`)
  return { kind: 'unix', path }
}

/** The address as people write it: also the key under which a socket is found again at a reload. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'tcp':
      return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
    case 'unix':
      return `unix:${address.path}`
    case 'fd':
      return `fd://${address.fd}`
    case 'systemd':
      return `systemd:${address.name}`
  }
}

/**
 * Where a client on this machine finds an address that somebody listens on: every interface is `localhost`, too.
 *
 * ```ts
 * localAuthority('0.0.0.0:8000')  // 'localhost:8000'
 * localAuthority('unix:/run/shop.sock')  // undefined: it has no port
 * ```
 */
export function localAuthority(label: string): string | undefined {
  return /^[^/]*:\d+$/.test(label) ? label.replace(/^(\[::\]|0\.0\.0\.0|):/, 'localhost:') : undefined
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use. Stop what listens there, or choose another port',
  EACCES: 'permission denied. Use a port above 1023, or grant cap_net_bind_service',
  EADDRNOTAVAIL: 'no interface of this machine has this address',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up',
}

/** The error of a bind or a listen, with what to do about it. */
export function unavailable(label: string, error: unknown): ServerError {
  const isPort = !label.startsWith('unix:')
  const reason = (isPort ? reasons[codeOf(error) ?? ''] : undefined) ?? messageOf(error)
  return new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${label} (${reason}).`, { cause: error })
}
