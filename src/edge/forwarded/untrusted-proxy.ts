/**
 * A proxy that nobody trusts: its clients all have its address, so a limit by address is one for all of them together, and a
 * network that may come lets everybody in. Most likely somebody forgot `edge.trust`; nobody can tell from outside, so it is said
 * once.
 */
import { NetworkList } from '../../base/network-list.ts'
import type { EdgeSettings } from '../options.ts'
import type { EdgeServices } from '../services.ts'
import { type Peer, unixName } from './trust.ts'

/** Given the peer and the raw headers of a request whose peer is not trusted. */
export type UntrustedWatch = (peer: Peer, rawHeaders: readonly string[]) => void

/** Undefined when nothing is decided by address. */
export function watchForProxies(
  settings: EdgeSettings,
  { log }: Pick<EdgeServices, 'log'>,
): UntrustedWatch | undefined {
  if (!decidesByAddress(settings)) return undefined
  // Clients of the Internet can send these headers, too; from here they would have no reason to.
  const near = new NetworkList(['loopback', 'private'])
  let isSaid = false
  return ({ address }, rawHeaders) => {
    if (isSaid || !(address === '' || near.has(address)) || !namesClient(rawHeaders)) return
    isSaid = true
    const peer = address === '' ? unixName : address
    const advice = 'all clients of this proxy count as one, by its address: add it to edge.trust'
    log.warn('edge.forwarding.untrusted', { peer, advice })
  }
}

function decidesByAddress({ rateLimit, connections, access }: EdgeSettings): boolean {
  return (
    rateLimit.some(({ key }) => key === 'ip') ||
    connections.perAddress > 0 ||
    connections.inFlight.perAddress > 0 ||
    access.some(({ allow, deny }) => allow !== undefined || deny !== undefined)
  )
}

function namesClient(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some((name, index) => index % 2 === 0 && /^(?:x-forwarded-for|forwarded)$/i.test(name))
}
