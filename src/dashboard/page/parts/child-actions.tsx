import { act } from '../api-client.ts'
import { memo } from '../memo.ts'
import { tell } from '../toasts.ts'
import { visibleText } from '../visible-text.ts'
import { ActionButton } from './button.tsx'

interface ChildActionsProps {
  /** `web:1`, or all of them: `web`. */
  readonly target: string
  readonly isRunning: boolean
  /** What a stop means for who uses it. */
  readonly stopText: string
}

const stillStates = ['STOPPED', 'EXITED', 'FATAL']

/** Nobody lives there, and nobody will without being asked to. */
export function isStill(state: string): boolean {
  return stillStates.includes(state)
}

/** Restart and stop of what runs, start of what does not. */
export const ChildActions = memo(function ChildActions({ target, isRunning, stopText }: ChildActionsProps) {
  const name = visibleText(target)
  const run = (action: 'restart' | 'start' | 'stop') => async () => {
    const { message } = await act(action, { target })
    tell(message)
  }
  if (!isRunning) {
    return (
      <ActionButton kind="plain" label={`Start ${name}`} onClick={run('start')}>
        Start
      </ActionButton>
    )
  }
  return (
    <>
      <ActionButton kind="plain" label={`Restart ${name}`} onClick={run('restart')}>
        Restart
      </ActionButton>
      <ActionButton
        kind="plain"
        label={`Stop ${name}`}
        confirm={{ title: `Stop ${name}?`, text: stopText, yes: `Stop ${name}` }}
        onClick={run('stop')}
      >
        Stop
      </ActionButton>
    </>
  )
})
