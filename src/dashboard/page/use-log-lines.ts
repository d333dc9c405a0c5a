import { useEffect, useRef, useState } from 'preact/hooks'
import type { LogGap, LogLine } from '../api.ts'
import { withQuery } from './api-client.ts'
import { serverNow } from './clock.ts'
import { gapLine, readLine, type ShownLine } from './log-lines.ts'
import { addLines, beginAnew, clearLines, emptyLogView, goOn, pause } from './log-view.ts'
import { type StreamNews, type StreamPhase, useStream } from './use-stream.ts'

/** More are let go, the oldest first. */
export const linesMax = 5_000

export interface LogLines {
  readonly lines: readonly ShownLine[]
  readonly phase: StreamPhase
  readonly isPaused: boolean
  /** So many have come since it was paused. */
  readonly heldCount: number
  setPaused(isPaused: boolean): void
  clear(): void
}

const names = ['line', 'gap']

/** Follows the output of a source, or of all. While paused, what comes is held back, not lost (but for what goes beyond `linesMax`). */
export function useLogLines(source: string | undefined, firstLines: number): LogLines {
  const [view, setView] = useState(emptyLogView)
  const ids = useRef(0)
  const opened = useRef(0)
  const path = withQuery('/api/logs', { source, lines: String(firstLines) })
  const phase = useStream(path, names, {
    onNews: news => {
      const added = news.map(item => readNews(ids, item))
      setView(before => addLines(before, added, linesMax))
    },
    onOpen: () => {
      if (opened.current++ > 0) setView(beginAnew)
    },
  })
  useEffect(() => {
    opened.current = 0
    setView(emptyLogView)
  }, [path])
  return {
    lines: view.lines,
    phase,
    isPaused: view.isPaused,
    heldCount: view.heldCount,
    setPaused: isPaused => setView(before => (isPaused ? pause(before) : goOn(before, linesMax))),
    clear: () => setView(clearLines),
  }
}

function readNews(ids: { current: number }, { name, data }: StreamNews): ShownLine {
  const id = ++ids.current
  return name === 'line' ? readLine(id, data as LogLine) : gapLine(id, (data as LogGap).missed, serverNow())
}
