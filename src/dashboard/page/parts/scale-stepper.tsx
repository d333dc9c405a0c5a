import { act } from '../api-client.ts'
import { memo } from '../memo.ts'
import { tell } from '../toasts.ts'
import { visibleText } from '../visible-text.ts'
import { ActionButton } from './button.tsx'

interface ScaleStepperProps {
  readonly target: string
  readonly count: number
  /** `workers` */
  readonly what: string
}

/** One more, or one less. */
export const ScaleStepper = memo(function ScaleStepper({ target, count, what }: ScaleStepperProps) {
  // By one from what there is then: what is shown may be old.
  const scale = (workers: '+1' | '-1') => async () => {
    const { message } = await act('scale', { target, workers })
    tell(message)
  }
  const name = visibleText(target)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend that is seen.
    <span class="stepper" role="group" aria-label={`Number of ${what} of ${name}`}>
      <ActionButton
        label={`One less: ${name}`}
        disabledReason={count <= 1 ? 'The last one can be stopped, not taken away.' : undefined}
        onClick={scale('-1')}
      >
        −
      </ActionButton>
      <span class="stepper-count">
        {count} <span class="unseen">{what}</span>
      </span>
      <ActionButton label={`One more: ${name}`} onClick={scale('+1')}>
        +
      </ActionButton>
    </span>
  )
})
