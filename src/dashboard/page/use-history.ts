import { useEffect, useState } from 'preact/hooks'
import type { History, HistorySpan, TreeEvent } from '../api.ts'
import { appendSample } from './chart-data.ts'
import { live } from './live.ts'
import { type Polled, usePolled } from './use-polled.ts'

/** A short span grows with each tick; the steps of a long one are longer than this. */
const refreshMs = 30_000

/** Events come in groups: the marks of all of them are asked for at once. */
const settleMs = 1_000

/** The server may have a mark for it. */
function isMarked({ event, to }: TreeEvent): boolean {
  return /^(reload|restart)\./.test(event) || to === 'BACKOFF' || to === 'EXITED' || to === 'FATAL'
}

/** What charts show: asked for once in a while, and in between made longer by what comes live. */
export function useHistory(span: HistorySpan): Polled<History> {
  const polled = usePolled<History>(`/api/history?span=${span}`, refreshMs)
  const [grown, setGrown] = useState<History>()
  useEffect(() => setGrown(polled.answer), [polled.answer])
  useEffect(() => {
    let timer: number | undefined
    const end = live.onNews(({ hello, tick, event }) => {
      // What was missed while disconnected is not in the news.
      if (hello) return polled.refresh()
      if (event) {
        if (!isMarked(event)) return
        clearTimeout(timer)
        timer = setTimeout(polled.refresh, settleMs)
        return
      }
      const children = live.get().view?.children ?? []
      const sample = tick?.sample
      if (sample) setGrown(history => (history?.span === span ? appendSample(history, sample, children) : history))
    })
    return () => {
      end()
      clearTimeout(timer)
    }
  }, [span, polled.refresh])
  const isOfSpan = grown?.span === span
  return { ...polled, answer: polled.answer && (isOfSpan ? grown : polled.answer) }
}
