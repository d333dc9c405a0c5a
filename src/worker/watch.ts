/**
 * The watch thread of a worker. The main loop may hang; this thread does not, and so it can do three things for it: say
 * which line the main thread is on, record what it does and what is in its heap, and end the process when its supervisor is
 * gone.
 */
import { Session } from 'node:inspector'
import net from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { StackFrame, StackReply, StackRequest, WatchReply, WatchRequest } from '../ipc/messages.ts'
import { CaptureDesk } from './capture-desk.ts'
import { hearWaking } from './waking.ts'

const framesMax = 50
// Pausing the main thread takes milliseconds, seconds on a machine with too much to do; when it is in native code it may never pause.
// Less than what the supervisor waits before it kills.
const pauseWaitMs = 2_800
const parentCheckMs = 500
// The main loop notices first that its channel is closed, and drains. This is for the loop that does not.
const orphanGraceMs = 7_000
const wakeEveryMs = 20

export interface WatchOptions {
  /** The pipe to the supervisor. */
  readonly fd: number
  readonly supervisorPid: number
  /** For temporary files. */
  readonly temporaryFolder: string
}

/** Runs for the life of the process. */
export function watchMainThread({ fd, supervisorPid, temporaryFolder }: WatchOptions): void {
  const pipe = new net.Socket({ fd, readable: true, writable: true })
  const tell = (reply: WatchReply) => void pipe.write(`${JSON.stringify(reply)}\n`)
  const captures = new CaptureDesk(temporaryFolder, tell)
  let rest = ''
  pipe.setEncoding('utf8')
  pipe.on('error', () => {})
  pipe.on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const request = JSON.parse(line) as WatchRequest
      if (request.type === 'stack') void stackReply(request).then(tell)
      else captures.receive(request)
    }
  })
  let orphanedAt: number | undefined
  setInterval(() => {
    if (process.ppid === supervisorPid) return
    orphanedAt ??= performance.now()
    if (performance.now() - orphanedAt > orphanGraceMs) process.kill(-process.pid, 'SIGKILL')
  }, parentCheckMs)
}

function stackReply({ id, waitMs = pauseWaitMs }: StackRequest): Promise<StackReply> {
  return captureStack(waitMs).then(
    (frames): StackReply => ({ type: 'stack', id, frames }),
    (error: Error): StackReply => ({ type: 'stack', id, frames: [], error: error.message }),
  )
}

interface CallFrame {
  readonly functionName: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
}

/** Pauses the main thread for a moment and reads its stack, innermost frame first. Empty when it waits for events. */
function captureStack(waitMs: number): Promise<StackFrame[]> {
  return new Promise((resolve, reject) => {
    const session = new Session()
    session.connectToMainThread()
    const finish = (act: () => void) => {
      clearTimeout(timer)
      clearInterval(waking)
      session.disconnect()
      act()
    }
    const timer = setTimeout(
      () => finish(() => reject(new Error('The main thread did not pause: it is in native code, or it is stopped.'))),
      waitMs,
    )
    // The inspector tells of every script when it is enabled; frames name them by id.
    const urls = new Map<string, string>()
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
    session.once('Debugger.paused', ({ params }) => {
      const frames = (params as { callFrames: CallFrame[] }).callFrames.map(frame => frameOf(frame, urls))
      const isIdle = frames.every(isNodeOrWaking)
      finish(() => resolve(isIdle ? [] : frames.slice(0, framesMax)))
    })
    session.post('Debugger.enable')
    session.post('Debugger.pause')
    // A loop that waits for events runs no JavaScript, and only JavaScript can be paused: so it is given some.
    const waking = setInterval(() => parentPort?.postMessage('wake'), wakeEveryMs)
  })
}

/** What an idle loop runs when it is woken: Node itself, and the listener that hears the waking. */
function isNodeOrWaking({ url, functionName }: StackFrame): boolean {
  return url.startsWith('node:') || functionName === hearWaking.name
}

function frameOf({ functionName, location }: CallFrame, urls: ReadonlyMap<string, string>): StackFrame {
  const { scriptId, lineNumber, columnNumber = 0 } = location
  return { functionName, url: urls.get(scriptId) ?? '', line: lineNumber + 1, column: columnNumber + 1 }
}
