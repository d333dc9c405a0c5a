/** One entry of the section `cron`, run without a tree: in a build, or before the first start. */
import { systemClock } from '../base/clock.ts'
import { createLog } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import type { RunInput, RunLine } from '../control/operations.ts'
import { CronRunner } from '../programs/cron/cron-runner.ts'
import { OpenFiles } from '../supervisor/output/open-files.ts'
import { createOutput } from '../supervisor/output/output.ts'
import type { Sink } from '../supervisor/output/sink.ts'
import { defineCron } from './define-cron.ts'

export interface LoneRun {
  /** Asks it to end; asked again, it is killed. */
  stop(): void
}

/**
 * Runs it as a tree does, with its time limit and its user, but for its output, which goes to `onLine` alone: files with rotated logs have one
 * writer, the tree.
 *
 * @throws {ServerError} when there is no such entry.
 */
export function runCronAlone(config: Config, { name, args = [] }: RunInput, onLine: (line: RunLine) => void): LoneRun {
  const nowhere: Sink = {
    write: () => 0,
    hasRoom: () => false,
    drop: () => 0,
    dropped: 0,
    flush: () => Promise.resolve(true),
  }
  const runner = new CronRunner({
    fires: false,
    clock: systemClock,
    log: createLog({ write: () => {} }),
    output: createOutput({ format: 'raw', color: false, sink: nowhere }),
    files: new OpenFiles(),
    recordFile: undefined,
    onWanted: () => {},
  })
  const definitions = defineCron({ config, hasTree: false })
  runner.start(definitions.map(definition => ({ ...definition, stdout: undefined, stderr: undefined })))
  // When it has ended, or cannot begin, nothing else is to be waited for.
  const close = () => void runner.stop(true)
  try {
    runner.run(name, args, {
      onLine: (stream, message) => onLine({ type: 'line', stream, message }),
      onNews(news) {
        onLine(news)
        if (news.type === 'ended') close()
      },
    })
  } catch (error) {
    close()
    throw error
  }
  return { stop: () => void runner.stop(false) }
}
