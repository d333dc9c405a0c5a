/**
 * Protected mode: where the store may be reached from other machines, it asks for a password and speaks TLS. Checked with the
 * configuration, and again with the addresses that were really bound.
 */
import { type Address, formatAddress } from '../base/address.ts'
import { isLoopback } from '../base/loopback.ts'

export interface Protection {
  readonly hasPassword: boolean
  readonly hasTls: boolean
}

/** Why the store must not listen there, and what to do; undefined when it may. */
export function exposure(address: Address, { hasPassword, hasTls }: Protection): string | undefined {
  if (address.kind === 'unix' || (address.kind === 'tcp' && isLoopback(address.host))) return undefined
  const missing = [...(hasPassword ? [] : ['store.password']), ...(hasTls ? [] : ['store.tls.cert and store.tls.key'])]
  if (missing.length === 0) return undefined
  const place = formatAddress(address)
  return `other machines reach ${place}, so that the store wants a password and TLS there: set ${missing.join(', and ')}, or listen on 127.0.0.1`
}
