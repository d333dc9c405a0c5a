import net from 'node:net'
import { formatTcpTarget, type TcpTarget } from '../base/tcp-target.ts'
import { connectReason, lateReason } from './probe-reasons.ts'
import type { ProbeLimits, ProbeResult } from './probe-result.ts'

/** Is a connection accepted? Of a port without a host, on either of the loopback addresses. */
export async function probeTcp({ host, port }: TcpTarget, limits: ProbeLimits): Promise<ProbeResult> {
  const first = await connect({ host: host ?? '127.0.0.1', port }, limits)
  if (first.ok || host !== undefined || limits.signal.aborted) return first
  // Who listens on "localhost" may have got only this one.
  const second = await connect({ host: '::1', port }, limits)
  return second.ok ? second : first
}

function connect(target: { host: string; port: number }, { timeoutMs, signal }: ProbeLimits): Promise<ProbeResult> {
  return new Promise(resolve => {
    const socket = net.connect(target)
    const settle = (reason: string | undefined) => {
      signal.removeEventListener('abort', late)
      socket.destroy()
      resolve(reason === undefined ? { ok: true } : { ok: false, reason: `${reason} at ${formatTcpTarget(target)}` })
    }
    const late = () => settle(lateReason(timeoutMs))
    signal.addEventListener('abort', late, { once: true })
    socket.once('connect', () => settle(isOwnEcho(socket) ? 'connection refused' : undefined))
    socket.on('error', error => settle(connectReason(error)))
  })
}

/**
 * Whoever tries a free port often enough is once given that port as his own, and is then connected to himself. It looks as if
 * somebody listened, and keeps everybody else from doing so.
 */
export function isOwnEcho({ localPort, remotePort, localAddress, remoteAddress }: net.Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress
}
