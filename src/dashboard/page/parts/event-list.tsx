import type { TreeEvent } from '../../api.ts'
import { memo } from '../memo.ts'
import { parseTime } from '../times.ts'
import { readEvent } from '../tree-events.ts'
import { useLive } from '../use-live.ts'
import { Badge } from './badge.tsx'
import { EmptyState, LoadingState } from './conditions.tsx'
import { Text } from './text.tsx'
import { Time } from './time.tsx'

const shownMax = 60

/** What has happened to the tree, the latest first. */
export function EventList() {
  const events = useLive(view => view.events)
  if (!events) return <LoadingState what="events" />
  if (events.length === 0) return <EmptyState title="Nothing has happened yet." />
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keys.
    <ul class="events events-long" tabIndex={0} aria-label="Events of the tree">
      {[...events]
        .reverse()
        .slice(0, shownMax)
        .map(event => (
          <EventRow key={keyOf(event)} event={event} />
        ))}
    </ul>
  )
}

const EventRow = memo(function EventRow({ event }: { readonly event: TreeEvent }) {
  const { tone, name, what, details } = readEvent(event)
  return (
    <li>
      <Time at={parseTime(event.time)} />
      <Badge tone={tone}>
        <Text value={what} />
      </Badge>
      {name !== undefined && <Text value={name} isCode />}
      <Text value={details} class="event-text" charactersMax={400} />
    </li>
  )
})

const keys = new WeakMap<TreeEvent, number>()
let last = 0

/** Events have no number of their own, and may be alike. */
function keyOf(event: TreeEvent): number {
  const key = keys.get(event) ?? ++last
  keys.set(event, key)
  return key
}
