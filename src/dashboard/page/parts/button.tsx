import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useReadOnlyReason } from '../session.ts'
import { tellError } from '../toasts.ts'
import { Dialog } from './dialog.tsx'

export interface Confirmation {
  /** A question: `Stop web:1?` */
  readonly title: string
  /** What happens then. */
  readonly text: ComponentChildren
  /** `Stop web:1` */
  readonly yes: string
}

interface ButtonProps {
  /** Of an action it is busy until it settles, and a failure is told. */
  onClick(): unknown
  readonly kind?: 'normal' | 'main' | 'plain' | 'danger'
  /** For who cannot see where the button stands: `Restart web:1`. */
  readonly label?: string
  /** Why it cannot be pressed; it stays where it is, and says so. */
  readonly disabledReason?: string | undefined
  readonly isPressed?: boolean
  readonly confirm?: Confirmation | undefined
  readonly children: ComponentChildren
}

export function Button({ onClick, kind = 'normal', label, disabledReason, isPressed, confirm, children }: ButtonProps) {
  const [isBusy, setBusy] = useState(false)
  // What was asked about is what is done, though the button may mean another thing by then.
  const [asked, setAsked] = useState<{ readonly confirm: Confirmation; act(): unknown }>()
  const run = async (act: () => unknown) => {
    setAsked(undefined)
    setBusy(true)
    try {
      await act()
    } catch (error) {
      tellError(error)
    } finally {
      setBusy(false)
    }
  }
  const press = () => {
    if (isBusy || disabledReason !== undefined) return
    if (confirm) setAsked({ confirm, act: onClick })
    else void run(onClick)
  }
  return (
    <>
      <button
        type="button"
        class={`button button-${kind}`}
        aria-label={label}
        aria-disabled={isBusy || disabledReason !== undefined ? 'true' : undefined}
        aria-busy={isBusy ? 'true' : undefined}
        aria-pressed={isPressed}
        title={disabledReason ?? (label !== undefined && label !== children ? label : undefined)}
        onClick={press}
      >
        {children}
      </button>
      {asked && <ConfirmDialog confirm={asked.confirm} onYes={() => run(asked.act)} onNo={() => setAsked(undefined)} />}
    </>
  )
}

/** A button that changes something: not to be pressed where the dashboard is read-only, or where `disabledReason` says why. */
export function ActionButton(props: ButtonProps) {
  const readOnly = useReadOnlyReason()
  return <Button {...props} disabledReason={readOnly ?? props.disabledReason} />
}

interface ConfirmProps {
  readonly confirm: Confirmation
  onYes(): void
  onNo(): void
}

function ConfirmDialog({ confirm: { title, text, yes }, onYes, onNo }: ConfirmProps) {
  return (
    <Dialog
      title={title}
      onClose={onNo}
      actions={
        <>
          <Button kind="plain" onClick={onNo}>
            Leave it
          </Button>
          <Button kind="danger" onClick={onYes}>
            {yes}
          </Button>
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  )
}
