import type { EdgeRequest } from '../edge-request.ts'
import { refuse } from '../refusals/refuse.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import { tunnel } from './tunnel.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamGroup } from './upstream-group.ts'

/** Passes a handshake on to one upstream after the other, until one answers it; then bytes, in both directions. */
export async function passWebSocket(request: EdgeRequest, group: UpstreamGroup, target: string): Promise<void> {
  if (!group.rule.webSockets) {
    refuse(request.res, 403, 'not-found')
    return
  }
  const ending = new AbortController()
  request.res.once('close', () => ending.abort())
  const { timeouts } = group.rule
  const options = {
    headers: outgoingHeaders(request, group.rule),
    target,
    handshakeTimeoutMs: timeouts.firstByte,
    idleTimeoutMs: timeouts.webSocket,
    refusalIdleTimeoutMs: timeouts.idle,
    signal: ending.signal,
  }
  const tried: Upstream[] = []
  for (;;) {
    const upstream = group.choose(request, tried)
    if (!upstream) break
    tried.push(upstream)
    const isProbe = upstream.health.begin()
    upstream.inFlight++
    const outcome = await tunnel(request, {
      ...options,
      headers: hostFirst(options.headers, upstream),
      connect: () => upstream.openSocket(),
    }).finally(() => void upstream.inFlight--)
    if (outcome === 'connected') {
      upstream.health.succeed()
      return
    }
    if (!ending.signal.aborted) upstream.health.fail('WebSocket: unreachable')
    else if (isProbe) upstream.health.endProbe()
    if (ending.signal.aborted) return
  }
  if (tried.length > 0) refuse(request.res, 502, 'upstream')
  else refuse(request.res, 503, 'upstream', { 'Retry-After': String(group.retryAfterSeconds) })
}

/** The rule may leave `Host` to the upstream. */
function hostFirst(headers: readonly string[], { address }: Upstream): readonly string[] {
  return headers[0] === 'Host' ? headers : ['Host', address.host, ...headers]
}
