import { useNow, useOwnNow } from '../clock.ts'
import { formatDuration, none } from '../formats.ts'
import { formatFully, formatRelative, formatTime } from '../times.ts'

interface TimeProps {
  readonly at: number | undefined
  /** Written by the page itself, not by the server: by the clock of the browser. */
  readonly isOwn?: boolean
}

/** A moment: in the local zone, and in full and UTC for who points at it. */
export function Time({ at, isOwn = false }: TimeProps) {
  const text = useNowOf(isOwn, now => formatTime(at, now))
  return <Moment at={at} text={text} />
}

/** `12 s ago`, `in 3 min`; the moment itself is told like that of `Time`. */
export function RelativeTime({ at, isOwn = false }: TimeProps) {
  const text = useNowOf(isOwn, now => formatRelative(at, now))
  return <Moment at={at} text={text} />
}

/** How long it is since then: `3 h 20 min`. */
export function Since({ at, isOwn = false }: TimeProps) {
  const text = useNowOf(isOwn, now => (at === undefined ? none : formatDuration(now - at)))
  return <Moment at={at} text={text} />
}

/** Of one moment it is always the same clock. */
function useNowOf(isOwn: boolean, select: (now: number) => string): string {
  return (isOwn ? useOwnNow : useNow)(select)
}

function Moment({ at, text }: Pick<TimeProps, 'at'> & { readonly text: string }) {
  if (at === undefined || Number.isNaN(at)) return <span class="faint">{none}</span>
  const fully = formatFully(at)
  return (
    <time class="time" dateTime={new Date(at).toISOString()} title={fully}>
      {text}
    </time>
  )
}
