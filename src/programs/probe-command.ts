import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { messageOf } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { formatDuration } from '../base/units.ts'
import { endsWithin } from '../supervisor/output/sink.ts'
import { lastLineOf } from '../supervisor/plan/exit-reason.ts'
import {
  exitCodeOf,
  type ProgramLaunch,
  type SpawnedProgram,
  signalGroup,
  spawnProgram,
} from '../supervisor/spawn-program.ts'
import type { ProbeLimits, ProbeResult } from './probe-result.ts'

/** Of what it prints only the end is kept: its last line, or that of its error, is the reason. */
const outputBytesMax = 4 * 1024
// What it has printed is in the pipe when it ends; only somebody whom it has left behind keeps that open.
const outputWaitMs = 100

/** Does a command end with 0? Nothing that it has started outlasts it. */
export async function probeByCommand(launch: ProgramLaunch, { timeoutMs, signal }: ProbeLimits): Promise<ProbeResult> {
  const spawned = start(launch)
  if (typeof spawned === 'string') return { ok: false, reason: `probe command cannot be started: ${spawned}` }
  const { child, stdout } = spawned
  const output = keepEnd(stdout)
  let isLate = false
  const end = () => {
    isLate = true
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', end, { once: true })
  const failure = await outcomeOf(spawned)
  signal.removeEventListener('abort', end)
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
  if (failure !== undefined)
    await endsWithin(
      finished(stdout, { writable: false }).catch(() => {}),
      outputWaitMs,
    )
  stdout.destroy()
  if (isLate) return { ok: false, reason: `probe command was killed after ${formatDuration(Math.round(timeoutMs))}` }
  if (failure === undefined) return { ok: true }
  const said = lastLineOf(output().toString('utf8'))
  return { ok: false, reason: `probe command ${failure}${said === undefined ? '' : `: ${printable(said)}`}` }
}

function start(launch: ProgramLaunch): SpawnedProgram | string {
  try {
    return spawnProgram(launch)
  } catch (error) {
    return messageOf(error)
  }
}

/** Undefined when it has ended with 0. */
function outcomeOf({ child }: SpawnedProgram): Promise<string | undefined> {
  return new Promise(resolve => {
    child.once('error', error => resolve(`cannot be started: ${messageOf(error)}`))
    child.once('exit', (code, signal) => {
      const ended = signal === null ? `exited with code ${exitCodeOf(code, signal)}` : `was ended by ${signal}`
      resolve(code === 0 ? undefined : ended)
    })
  })
}

function keepEnd(stdout: Readable): () => Buffer {
  let kept = Buffer.alloc(0)
  stdout.on('error', () => {})
  stdout.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk.subarray(-outputBytesMax)]).subarray(-outputBytesMax)
  })
  return () => kept
}
