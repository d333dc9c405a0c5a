/** Operations of the control socket that are answered in lines, as they come. Each returns what ends it. */
import { ServerError } from '../base/errors.ts'
import type {
  CaptureLine,
  LineSink,
  LogLine,
  OperationTypes,
  RunInput,
  RunLine,
  TreeEvent,
} from '../control/operations.ts'
import type { CronRunner } from '../programs/cron/cron-runner.ts'
import type { Output, OutputLine } from '../supervisor/output/output.ts'
import type { WatchThreads } from '../supervisor/watch-threads.ts'
import type { EventFeed } from './event-feed.ts'

const backlogDefault = 100
const profileSeconds = { default: 10, max: 600 } as const

export function streamLogs(
  output: Output,
  { source, lines = String(backlogDefault), follow }: OperationTypes['logs']['input'],
  sink: LineSink<LogLine>,
): () => void {
  const wanted = source === undefined ? {} : { source }
  const backlog = Number(lines)
  if (follow) return output.subscribe({ ...wanted, backlog, onLine: line => sendInTime(sink, logLine(line)) })
  return sendAll(sink, output.history({ ...wanted, lines: backlog }).map(logLine))
}

function logLine({ time, source, stream, text }: OutputLine): LogLine {
  return { time: new Date(time).toISOString(), source, stream, message: text }
}

export function streamEvents(
  feed: EventFeed,
  { name, lines, follow }: OperationTypes['events']['input'],
  sink: LineSink<TreeEvent>,
): () => void {
  if (!follow) return sendAll(sink, feed.history({ name, backlog: Number(lines ?? backlogDefault) }))
  const onEvent = (event: TreeEvent) => sendInTime(sink, event)
  return feed.follow({ name, backlog: Number(lines ?? 0), onEvent, onEnd: () => sink.end() })
}

/** A promise says that the next line has to wait. Who waits for it may leave lines out meanwhile, and knows how many. */
function sendInTime<Line>(sink: LineSink<Line>, line: Line): Promise<void> | undefined {
  sink.send(line)
  return sink.room()
}

/** Sends what there is, as fast as it is read. */
function sendAll<Line>(sink: LineSink<Line>, lines: readonly Line[]): () => void {
  let isEnded = false
  const run = async () => {
    for (const line of lines) {
      if (isEnded) return
      await sendInTime(sink, line)
    }
    sink.end()
  }
  void run()
  return () => {
    isEnded = true
  }
}

/** Runs an entry of cron now, and says what happens in that run. */
export function runEntry(
  cron: CronRunner,
  { name, args = [], detach = false }: RunInput,
  lines: LineSink<RunLine>,
): () => void {
  let missed = 0
  const tellMissed = () => {
    if (missed > 0 && lines.send({ type: 'gap', lines: missed })) missed = 0
  }
  return cron.run(String(name), args.map(String), {
    onLine(stream, message) {
      tellMissed()
      if (!lines.send({ type: 'line', stream, message })) missed += 1
    },
    onNews(news) {
      // The last lines are the ones that a slow reader misses, and the end waits for nobody: so the gap is said with it.
      const gap: RunLine[] = missed > 0 ? [{ type: 'gap', lines: missed }] : []
      if (detach || news.type === 'ended' || news.type === 'refused') return lines.end(...gap, news)
      tellMissed()
      lines.send(news)
    },
  })
}

/** Records what a worker does, for as long as is asked. */
export function streamProfile(
  watchThreads: WatchThreads,
  { target, seconds = profileSeconds.default }: OperationTypes['profile']['input'],
  lines: LineSink<CaptureLine>,
): () => void {
  const { max } = profileSeconds
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= max)) {
    const message = `profile expected seconds above 0 and up to ${max}, got ${JSON.stringify(seconds)}.`
    throw new ServerError('ERR_USAGE', message)
  }
  return watchThreads.capture(String(target), { kind: 'profile', seconds }, lines)
}
