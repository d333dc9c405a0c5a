import type { JobState, JobSummary } from '../../api.ts'
import { Badge, type Tone } from '../parts/badge.tsx'

export const jobStates: readonly JobState[] = [
  ...(['active', 'ready', 'scheduled', 'blocked', 'waiting', 'done', 'dead', 'cancelled'] as const),
]

const tones: Readonly<Record<JobState, Tone>> = {
  scheduled: 'quiet',
  ready: 'quiet',
  blocked: 'warn',
  waiting: 'quiet',
  active: 'busy',
  done: 'good',
  dead: 'bad',
  cancelled: 'quiet',
}

export function JobBadge({
  job: { state, isCancelling },
}: {
  readonly job: Pick<JobSummary, 'state' | 'isCancelling'>
}) {
  return <Badge tone={tones[state]}>{isCancelling ? 'cancelling' : state}</Badge>
}
