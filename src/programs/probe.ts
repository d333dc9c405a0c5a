/**
 * Looks at a program from outside, once: is somebody there, and what does he say? A probe never throws and never outlasts its
 * time; what it found is a sentence for people who wait.
 */
import type { TcpTarget } from '../base/tcp-target.ts'
import type { ProgramLaunch } from '../supervisor/spawn-program.ts'
import { probeByCommand } from './probe-command.ts'
import { probeHttp } from './probe-http.ts'
import { type ProbeLimits, type ProbeResult, unasked } from './probe-result.ts'
import { probeTcp } from './probe-tcp.ts'

export type Probe =
  | { readonly kind: 'tcp'; readonly target: TcpTarget }
  | { readonly kind: 'http'; readonly url: string }
  /** Run as the program is: in its folder, with its environment and its rights. */
  | { readonly kind: 'command'; readonly launch: ProgramLaunch }

/** Asks once. */
export async function probeOnce(probe: Probe, { timeoutMs, signal }: ProbeLimits): Promise<ProbeResult> {
  if (signal.aborted) return unasked
  const limit = new AbortController()
  const end = () => limit.abort()
  const timer = setTimeout(end, timeoutMs)
  signal.addEventListener('abort', end, { once: true })
  try {
    const result = await ask(probe, { timeoutMs, signal: limit.signal })
    return signal.aborted ? unasked : result
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

function ask(probe: Probe, limits: ProbeLimits): Promise<ProbeResult> {
  switch (probe.kind) {
    case 'tcp':
      return probeTcp(probe.target, limits)
    case 'http':
      return probeHttp(new URL(probe.url), limits)
    case 'command':
      return probeByCommand(probe.launch, limits)
  }
}
