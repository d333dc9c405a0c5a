import { useCallback, useEffect, useState } from 'preact/hooks'
import { type ApiError, asApiError, get } from './api-client.ts'
import { useVisible } from './use-visible.ts'

export interface Polled<Answer> {
  /** The last good one. */
  readonly answer: Answer | undefined
  /** When it came, by our clock. */
  readonly answeredAt: number | undefined
  /** Of the last attempt; undefined when that went well: an answer beside an error is an old one. */
  readonly error: ApiError | undefined
  /** The first answer of this path is still to come. */
  readonly isLoading: boolean
  refresh(): void
}

interface Kept<Answer> extends Omit<Polled<Answer>, 'isLoading' | 'refresh'> {
  readonly path: string
}

/**
 * Asks for `path` now and every `everyMs` (undefined: once), while somebody sees the page. The next question comes so long after the
 * last answer: a slow server is not asked twice at once. With another path, the answer of the one before is gone at once.
 */
export function usePolled<Answer>(path: string | undefined, everyMs: number | undefined): Polled<Answer> {
  const [kept, setKept] = useState<Kept<Answer>>()
  const [round, setRound] = useState(0)
  const isVisible = useVisible()
  useEffect(() => {
    if (path === undefined || !isVisible) return
    const end = new AbortController()
    let timer: number | undefined
    const look = async () => {
      try {
        const answer = await get<Answer>(path, end.signal)
        if (end.signal.aborted) return
        setKept({ path, answer, answeredAt: Date.now(), error: undefined })
      } catch (thrown) {
        if (end.signal.aborted) return
        const error = asApiError(thrown)
        setKept(before => ({ ...(before?.path === path ? before : nothing), path, error }))
      }
      if (everyMs !== undefined) timer = setTimeout(look, everyMs)
    }
    void look()
    return () => {
      end.abort()
      clearTimeout(timer)
    }
  }, [path, everyMs, isVisible, round])
  const refresh = useCallback(() => setRound(count => count + 1), [])
  const { answer, answeredAt, error } = kept?.path === path ? (kept ?? nothing) : nothing
  return { answer, answeredAt, error, isLoading: answer === undefined && error === undefined, refresh }
}

const nothing = { answer: undefined, answeredAt: undefined, error: undefined }
