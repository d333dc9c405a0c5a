/** What is shown where there is nothing to show: not yet, not at all, or because something has failed. */
import type { ComponentChildren } from 'preact'
import type { ApiError } from '../api-client.ts'
import type { Polled } from '../use-polled.ts'
import { visibleLines } from '../visible-text.ts'
import { Button } from './button.tsx'
import { RelativeTime } from './time.tsx'

/** Takes its place at once, and says so only after a moment: what comes quickly does not flicker. */
export function LoadingState({ what }: { readonly what: string }) {
  return (
    <div class="condition condition-loading" role="status">
      <span class="spinner" aria-hidden="true" />
      <p>Asking for {what}…</p>
    </div>
  )
}

interface EmptyProps {
  /** `No programs.` */
  readonly title: string
  /** How there would be something. */
  readonly children?: ComponentChildren
}

export function EmptyState({ title, children }: EmptyProps) {
  return (
    <div class="condition">
      <p class="condition-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  )
}

interface ErrorProps {
  readonly error: ApiError
  onRetry?(): void
}

export function ErrorState({ error: { message, code, problems }, onRetry }: ErrorProps) {
  return (
    <div class="condition condition-error" role="alert">
      <p class="condition-title">{visibleLines(message)}</p>
      {problems.length > 0 && (
        <ul>
          {problems.slice(0, 20).map(problem => (
            <li key={problem}>{visibleLines(problem)}</li>
          ))}
        </ul>
      )}
      <p class="faint code">{code}</p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}

interface PolledViewProps<Answer> {
  readonly polled: Polled<Answer>
  /** What is asked for, in words: `the routes`. */
  readonly what: string
  children(answer: Answer): ComponentChildren
}

/** The answer when there is one, with a note when it is an old one; else why there is none. */
export function PolledView<Answer>({ polled, what, children }: PolledViewProps<Answer>) {
  const { answer, answeredAt, error, refresh } = polled
  if (answer === undefined) {
    return error ? <ErrorState error={error} onRetry={refresh} /> : <LoadingState what={what} />
  }
  return (
    <>
      {error && (
        <p class="stale" role="status">
          This is from <RelativeTime at={answeredAt} isOwn />: {visibleLines(error.message)}
        </p>
      )}
      {children(answer)}
    </>
  )
}
