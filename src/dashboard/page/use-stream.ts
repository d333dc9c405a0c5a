import { useEffect, useRef, useState } from 'preact/hooks'
import { get, urlOf } from './api-client.ts'
import { retryDelayMs } from './backoff.ts'
import { useVisible } from './use-visible.ts'

/** One event of a stream. */
export interface StreamNews {
  readonly name: string
  readonly data: unknown
}

const batchMs = 100

export type StreamPhase = 'connecting' | 'open' | 'lost'

/**
 * Follows a stream of server-sent events while somebody sees the page; `names` are those of its events. What comes is handed over
 * ten times a second at most: no eye follows more. A stream that was lost is begun again; `onOpen` is called each time one begins.
 */
export function useStream(
  path: string | undefined,
  names: readonly string[],
  { onNews, onOpen }: { onNews(news: readonly StreamNews[]): void; onOpen?(): void },
): StreamPhase {
  const [phase, setPhase] = useState<StreamPhase>('connecting')
  const isVisible = useVisible()
  const hearer = useRef({ onNews, onOpen })
  hearer.current = { onNews, onOpen }
  useEffect(() => {
    if (path === undefined || !isVisible) return
    setPhase('connecting')
    return follow(path, names, {
      setPhase,
      open: () => hearer.current.onOpen?.(),
      hear: news => hearer.current.onNews(news),
    })
  }, [path, names.join(), isVisible])
  return phase
}

interface Follower {
  setPhase(phase: StreamPhase): void
  open(): void
  hear(news: readonly StreamNews[]): void
}

function follow(path: string, names: readonly string[], { setPhase, open, hear }: Follower): () => void {
  let waiting: StreamNews[] = []
  let batch: number | undefined
  let timer: number | undefined
  let failures = 0
  let source: EventSource | undefined
  const hand = () => {
    batch = undefined
    const news = waiting
    waiting = []
    hear(news)
  }
  const connect = () => {
    const opened = new EventSource(urlOf(path))
    source = opened
    opened.addEventListener('open', () => {
      setPhase('open')
      open()
    })
    for (const name of names) {
      opened.addEventListener(name, event => {
        // Not when it opens: a server that is overburdened, or ends, opens it and says good-bye.
        failures = 0
        waiting.push({ name, data: JSON.parse((event as MessageEvent<string>).data) })
        batch ??= setTimeout(hand, batchMs)
      })
    }
    const fail = () => {
      opened.close()
      setPhase('lost')
      timer = setTimeout(connect, retryDelayMs(failures++, Math.random()))
      void get('/api/session').catch(() => {})
    }
    for (const end of ['bye', 'error']) opened.addEventListener(end, fail)
  }
  connect()
  return () => {
    clearTimeout(timer)
    clearTimeout(batch)
    source?.close()
  }
}
