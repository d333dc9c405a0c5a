import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { linePattern } from '../base/line-pattern.ts'

/** What goes on without a newline is looked at in pieces of this length. */
const lineLengthMax = 16_384

/**
 * Reads what a program prints until a line of it holds a text or a pattern, or nobody wants to know any more. Others read the
 * same streams, and this changes nothing for them. Whether there was one.
 */
export function untilLine(text: string, streams: readonly Readable[], signal: AbortSignal): Promise<boolean> {
  const holds = linePattern(text)
  return new Promise(resolve => {
    const stops = streams.map(stream => readLines(stream, line => holds(line) && settle(true)))
    const settle = (isFound: boolean) => {
      for (const stop of stops) stop()
      signal.removeEventListener('abort', give)
      resolve(isFound)
    }
    const give = () => settle(false)
    signal.addEventListener('abort', give, { once: true })
    if (signal.aborted) give()
  })
}

/** Gives each line, until it is told to stop. */
function readLines(stream: Readable, onLine: (line: string) => void): () => void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const onData = (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineLengthMax) {
      lines.push(rest)
      rest = ''
    }
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
  // The last line may have no end.
  const onEnd = () => rest !== '' && onLine(rest)
  stream.on('data', onData)
  stream.once('end', onEnd)
  return () => {
    stream.off('data', onData)
    stream.off('end', onEnd)
  }
}
