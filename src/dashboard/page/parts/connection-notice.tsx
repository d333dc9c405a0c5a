import { useOwnNow } from '../clock.ts'
import { formatDuration } from '../formats.ts'
import { live } from '../live.ts'
import { useObserved } from '../use-observed.ts'
import { Button } from './button.tsx'
import { Time } from './time.tsx'

/** Said when the stream of news is lost: what is shown is not of now. */
export function ConnectionNotice() {
  const { phase, phaseSince, retryAt, view } = useObserved(live, state => state)
  const wait = useOwnNow(now =>
    retryAt === undefined || retryAt <= now ? undefined : formatDuration(retryAt - now + 999),
  )
  return (
    <div role="status">
      {phase === 'disconnected' && (
        <div class="notice">
          <p>
            <strong>Disconnected</strong> since <Time at={phaseSince} isOwn />.{' '}
            {view ? 'What you see is from then.' : 'Nothing has come yet.'} The tree itself may well be serving.
          </p>
          <span class="notice-wait">{wait === undefined ? 'Trying…' : `Next attempt in ${wait}`}</span>
          <Button onClick={() => live.retryNow()}>Try now</Button>
        </div>
      )}
    </div>
  )
}
