/**
 * Protected mode: where the store may be reached from other machines, it asks for a password and speaks TLS. Checked with the
 * configuration, and again with the addresses that were really bound.
 */
import { isIP } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'

export interface Protection {
  readonly hasPassword: boolean
  readonly hasTls: boolean
}

/** An IPv4 address that came over an IPv6 socket as what it is. Without the zone of a link. */
export function plainAddress(address: string): string {
  const [plain = ''] = address.toLowerCase().split('%')
  const mapped = /^::ffff:(?:0:)?(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1]
  if (mapped) return mapped
  const hex = /^(?:::|0:0:0:0:0:)ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(plain)
  if (!hex) return plain
  const [high, low] = [Number.parseInt(hex[1] as string, 16), Number.parseInt(hex[2] as string, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Whether only processes of this machine reach it. A name other than localhost may mean anything. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const plain = plainAddress(host)
  return isIP(plain) === 4 ? plain.startsWith('127.') : /^[0:]*:0*1$/.test(plain)
}

/** Why the store must not listen there, and what to do; undefined when it may. */
export function exposure(address: Address, { hasPassword, hasTls }: Protection): string | undefined {
  if (address.kind === 'unix' || (address.kind === 'tcp' && isLoopback(address.host))) return undefined
  const missing = [...(hasPassword ? [] : ['store.password']), ...(hasTls ? [] : ['store.tls.cert and store.tls.key'])]
  if (missing.length === 0) return undefined
  const place = formatAddress(address)
  return `other machines reach ${place}, so that the store wants a password and TLS there: set ${missing.join(', and ')}, or listen on 127.0.0.1`
}
