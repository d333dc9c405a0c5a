/** Looks at one process of a program for as long as it runs: is it ready, and then, is it well? */
import { commandWords } from '../base/command-line.ts'
import { parseTcpTarget } from '../base/tcp-target.ts'
import type { ProgramWatch, WatchedProgram } from '../supervisor/app-definition.ts'
import type { ProgramLaunch } from '../supervisor/spawn-program.ts'
import { untilLine } from './log-watch.ts'
import type { ProgramOptions } from './options.ts'
import { type Probe, probeOnce } from './probe.ts'
import { type ProbeLimits, type ProbeResult, unasked } from './probe-result.ts'
import { systemTime, type Time } from './time.ts'
import type { Turnstile } from './turnstile.ts'
import { patienceMs, untilReady } from './until-ready.ts'
import { watchHealth } from './watch-health.ts'

export interface Looks extends Pick<ProgramOptions, 'ready' | 'health'> {
  /** Puts the values of this process into the places of a text. */
  fill(text: string): string
  /** How the program itself was started: a command that asks for it runs in the same way. */
  readonly launch: ProgramLaunch
  /** Where all commands of a tree that ask take their turns. */
  readonly turnstile: Turnstile
  readonly time?: Time
  random?(): number
}

/**
 * Begins to look whether it is ready; how it is counts from `serves` on.
 *
 * Without a `ready`, nothing is said: it is ready when it has been up for long enough.
 */
export function watchProgram(program: WatchedProgram, looks: Looks): ProgramWatch {
  const waiting = new AbortController()
  const serving = new AbortController()
  void awaitReady(program, looks, waiting.signal)
  return {
    serves() {
      waiting.abort()
      void awaitFailure(program, looks, serving.signal)
    },
    end() {
      waiting.abort()
      serving.abort()
    },
  }
}

async function awaitReady(program: WatchedProgram, looks: Looks, signal: AbortSignal): Promise<void> {
  const { ready, time = systemTime } = looks
  if (!ready) return
  if ('log' in ready) {
    const found = new AbortController()
    const told = AbortSignal.any([signal, found.signal])
    void time.pause(patienceMs, told).then(() => {
      if (!told.aborted) program.onWaiting(`no line with ${JSON.stringify(ready.log)} yet`)
    })
    if (await untilLine(ready.log, [program.stdout, program.stderr], signal)) program.onReady()
    found.abort()
    return
  }
  const isReady = await untilReady({
    attempt: askerOf(probeOf(ready, looks), looks.turnstile),
    everyMs: ready.every,
    timeoutMs: ready.timeout,
    signal,
    time,
    onFailure: reason => program.onWaiting(reason),
  })
  if (isReady) program.onReady()
}

async function awaitFailure(program: WatchedProgram, looks: Looks, signal: AbortSignal): Promise<void> {
  const { health, time = systemTime, random = Math.random } = looks
  if (!health) return
  const reason = await watchHealth({
    check: askerOf(probeOf(health, looks), looks.turnstile),
    everyMs: health.every,
    timeoutMs: health.timeout,
    failuresMax: health.failures,
    signal,
    time,
    random,
  })
  if (reason !== undefined) program.onUnhealthy(reason)
}

type Asked =
  | { readonly tcp: string | number }
  | { readonly http: string }
  | { readonly command: string | readonly string[] }

/** With every place filled. */
function probeOf(asked: Asked, { fill, launch }: Looks): Probe {
  if ('tcp' in asked) return { kind: 'tcp', target: parseTcpTarget(fill(String(asked.tcp))) }
  if ('http' in asked) return { kind: 'http', url: fill(asked.http) }
  const argv = commandWords({ command: asked.command }).map(fill)
  // It gets no sockets and nothing to read, and says all in one place.
  return { kind: 'command', launch: { ...launch, argv, stdin: 'closed', mergesStderr: true, sockets: [] } }
}

function askerOf(probe: Probe, turnstile: Turnstile): (limits: ProbeLimits) => Promise<ProbeResult> {
  if (probe.kind !== 'command') return limits => probeOnce(probe, limits)
  return async limits => (await turnstile.run(limits.signal, () => probeOnce(probe, limits))) ?? unasked
}
