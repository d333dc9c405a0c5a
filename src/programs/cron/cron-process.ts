/** One run as a process of the operating system: started, read to its end, and ended with all that it has started. */
import type { Readable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { FromWorker } from '../../ipc/messages.ts'
import type { LogFile } from '../../supervisor/app-definition.ts'
import type { RunningChild } from '../../supervisor/child-process.ts'
import { linesOf } from '../../supervisor/output/line-format.ts'
import { LineSplitter } from '../../supervisor/output/line-splitter.ts'
import type { OpenFiles } from '../../supervisor/output/open-files.ts'
import type { Output } from '../../supervisor/output/output.ts'
import { endsWithin } from '../../supervisor/output/sink.ts'
import { lastLineOf } from '../../supervisor/plan/exit-reason.ts'
import { startProgram } from '../../supervisor/program-process.ts'
import type { ProgramLaunch } from '../../supervisor/spawn-program.ts'
import type { RunEnd } from './run-end.ts'

export type OnRunLine = (stream: 'stdout' | 'stderr', text: string) => void

export interface CronProcessOptions {
  /** `cron:cleanup` */
  readonly source: string
  readonly launch: () => ProgramLaunch
  readonly stdout: LogFile | undefined
  readonly stderr: LogFile | undefined
  readonly output: Output
  readonly files: OpenFiles
  readonly clock: Clock
  /** Each line as it comes, beside where its output goes. */
  readonly onLine: OnRunLine | undefined
  onMessage(message: FromWorker): void
  /** It is over, and all that it has printed is written. */
  onEnd(end: RunEnd): void
}

// What it has started and what has left its group may hold its pipes open for ever.
const lastLinesMs = 2_000

/** Undefined when it could not be started, which is told by `onEnd` like any end. */
export function startCronProcess(options: CronProcessOptions): RunningChild | undefined {
  const { onEnd, clock } = options
  let lastWords: string | undefined
  try {
    const running = startProgram(options.launch(), {
      message(message) {
        if (message.type === 'saola.last-words') lastWords = message.message
        else options.onMessage(message)
      },
      exit: (code, signal, stderr) => void end(code, signal, stderr),
    })
    const streams = Promise.all([read('stdout', running.stdout, options), read('stderr', running.stderr, options)])
    return running

    async function end(code: number | null, signal: string | null, stderr: Promise<string>): Promise<void> {
      const endedAt = clock.now()
      const [printed] = await Promise.all([stderr, endsWithin(streams, lastLinesMs)])
      onEnd({ endedAt, code, signal, said: lastWords ?? lastLineOf(printed) })
    }
  } catch (error) {
    const failed = { endedAt: clock.now(), code: null, signal: null, said: undefined, startFailure: messageOf(error) }
    // Later, as all other ends: the caller must know the run before it ends.
    setImmediate(onEnd, failed)
    return undefined
  }
}

/** Into its file, if it has one, which is held open for as long as the stream runs. */
async function read(stream: 'stdout' | 'stderr', readable: Readable, options: CronProcessOptions): Promise<void> {
  const { source, output, files, onLine } = options
  if (onLine) forwardLines(readable, text => onLine(stream, text))
  await files.use(options[stream], file => output.attach(source, stream, readable, file))
}

function forwardLines(readable: Readable, onLine: (text: string) => void): void {
  const splitter = new LineSplitter()
  const forward = (block: Buffer) => {
    for (const text of linesOf(block)) onLine(text)
  }
  readable.on('data', (chunk: Buffer) => forward(splitter.push(chunk)))
  readable.once('end', () => forward(splitter.end()))
}
