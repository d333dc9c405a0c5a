import { type AdjustableLog, createLog, type LogRecord } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import type { LineFormat } from '../supervisor/output/line-format.ts'
import { OpenFiles } from '../supervisor/output/open-files.ts'
import { createOutput, type Output } from '../supervisor/output/output.ts'
import type { Sink } from '../supervisor/output/sink.ts'
import { openStdout } from '../supervisor/output/stdout.ts'

export interface TreeOutput {
  readonly log: AdjustableLog
  readonly output: Output
  readonly sink: Sink
  readonly files: OpenFiles
  readonly format: LineFormat
  /** It goes to a person at a terminal: not into a file, and not to whoever collects output. */
  readonly isTerminal: boolean
}

/** Opens what a tree writes to. `observe` sees every record of its log. Trouble with a log file is told where it still can be: in Saola's own log. */
export function openOutput(options: Config['log'], observe?: (record: LogRecord) => void): TreeOutput {
  const isTerminal = options.file === '-' && process.stdout.isTTY === true
  const { format } = options
  // Known only below: files report to the log, and the log may be a file.
  const late: { log?: AdjustableLog } = {}
  const files = new OpenFiles({
    onTrouble: ({ file, error, dropped }) => late.log?.error('log.trouble', { file, error: error.message, dropped }),
    onRecovered: ({ file, dropped }) => late.log?.info('log.recovered', { file, dropped }),
  })
  const sink = options.file === '-' ? openStdout() : files.get(options.file, options)
  const output = createOutput({
    format,
    color: isTerminal && !process.env.NO_COLOR,
    sink,
    onDropped: (source, lines) => late.log?.warn('log.dropped', { source, lines }),
  })
  const log = createLog({ level: options.level, write: record => output.write(record), observe })
  late.log = log
  return { log, output, sink, files, format, isTerminal }
}
