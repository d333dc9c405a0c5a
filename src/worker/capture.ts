/** Records what the main thread of this process does, or what is in its heap, from another thread. */
import { Session } from 'node:inspector/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type CaptureWish, heapWaitMs, profileGraceMs } from '../ipc/captures.ts'

// The inspector interrupts JavaScript, and is answered in milliseconds; native code is not interrupted.
const answerWaitMs = 10_000

export interface CaptureOptions {
  readonly wish: CaptureWish
  readonly signal: AbortSignal
  /** The main thread has answered. */
  begun(): void
  /** Where the main thread may write: an empty file. */
  readonly path: string
  /** Takes what this thread has got. */
  write(text: string): void
}

/** Returns how long it was recorded, or how long the main thread stood still, in milliseconds. The inspector is gone then. */
export async function capture(options: CaptureOptions): Promise<number> {
  const session = new Session()
  session.connectToMainThread()
  try {
    return options.wish.kind === 'heap'
      ? await takeHeapSnapshot(session, options)
      : await recordProfile(session, options, options.wish.seconds)
  } finally {
    session.disconnect()
  }
}

async function recordProfile(session: Session, options: CaptureOptions, seconds: number): Promise<number> {
  await answered(session.post('Profiler.enable'))
  await answered(session.post('Profiler.start'))
  const startedAt = performance.now()
  options.begun()
  await forgetOptimized(session)
  await wait(seconds * 1_000, undefined, { signal: options.signal })
  const { profile } = await answered(session.post('Profiler.stop'), profileGraceMs - answerWaitMs)
  options.write(JSON.stringify(profile))
  return performance.now() - startedAt
}

/**
 * The profiler knows only the machine code that is made while it runs: time in a loop that was optimised before would count as
 * its caller's. To count calls, V8 throws all of that away and makes it anew, and so it is known.
 */
async function forgetOptimized(session: Session): Promise<void> {
  await answered(session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false }))
  await answered(session.post('Profiler.stopPreciseCoverage'))
}

/**
 * The main thread writes it into the file itself. The inspector could send it here, too, but all of it at once: of a snapshot of
 * 434 MB, 2.4 GB waited in memory. It is interrupted for that, so a loop that is blocked does it as well. A cancelled one goes on
 * to its end, as V8 cannot be stopped.
 */
async function takeHeapSnapshot(session: Session, { path, begun }: CaptureOptions): Promise<number> {
  await answered(session.post('Runtime.evaluate', { expression: '0' }))
  begun()
  const startedAt = performance.now()
  const expression = `process.getBuiltinModule('node:v8').writeHeapSnapshot(${JSON.stringify(path)})`
  const { exceptionDetails } = await answered(session.post('Runtime.evaluate', { expression }), heapWaitMs)
  if (exceptionDetails) {
    const { exception, text } = exceptionDetails
    const reason = exception?.description?.split('\n')[0] ?? text
    throw new Error(`It cannot write its temporary file (${reason}). Start the tree with another TMPDIR.`)
  }
  return performance.now() - startedAt
}

async function answered<Answer>(answer: Promise<Answer>, waitMs = answerWaitMs): Promise<Answer> {
  const done = new AbortController()
  const late = wait(waitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(
      `Its main thread did not answer in ${waitMs / 1_000}s: it is in native code, or the process is stopped.`,
    )
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    done.abort()
    late.catch(() => {})
    answer.catch(() => {})
  }
}
