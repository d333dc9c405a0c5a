import { ServerError } from '../../base/errors.ts'
import { follow } from '../../control/client.ts'
import type { LogLine } from '../../control/operations.ts'
import type { DashboardContext } from './context.ts'
import type { EventStream } from './event-stream.ts'
import type { ApiRequest } from './route.ts'

const linesDefault = 200
const linesMax = 1_000

/** The latest lines of output, and those to come, until the reader goes. */
export function streamLogs(request: ApiRequest, { controlSocket, streams, logReaders }: DashboardContext): void {
  const source = request.query.get('source') || undefined
  const lines = String(lineCount(request.query.get('lines')))
  const release = logReaders.take()
  const ending = new AbortController()
  try {
    const stream = streams.open(request)
    stream.onClose(() => {
      release()
      ending.abort()
    })
    void send(stream, follow(controlSocket, 'logs', { source, lines, follow: true }, ending.signal))
  } catch (error) {
    release()
    throw error
  }
}

async function send(stream: EventStream, lines: AsyncIterable<LogLine>): Promise<void> {
  let missed = 0
  try {
    for await (const line of lines) {
      if (missed > 0 && stream.send('gap', { missed })) missed = 0
      if (!stream.send('line', line)) missed++
    }
  } catch {
    // The tree ends, or does not answer: the page comes back.
  }
  stream.end()
}

function lineCount(text: string | null): number {
  if (text === null) return linesDefault
  if (/^\d{1,6}$/.test(text)) return Math.min(Number(text), linesMax)
  throw new ServerError(
    'ERR_USAGE',
    `lines expected a number such as ${linesDefault}, got ${JSON.stringify(text.slice(0, 50))}.`,
  )
}
