import { type ComponentChildren, createPortal } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { enterDialog } from '../open-dialogs.ts'
import { ToastList } from './toasts.tsx'

interface DialogProps {
  readonly title: string
  onClose(): void
  /** The buttons at its end; by default one that closes it. */
  readonly actions?: ComponentChildren
  /** `side`: a panel at the right that has the height of the page. */
  readonly place?: 'middle' | 'side'
  readonly children: ComponentChildren
}

/** A window over the page: the browser keeps the focus in it, closes it with Escape, and gives the focus back. */
export function Dialog({ title, onClose, actions, place = 'middle', children }: DialogProps) {
  const id = useId()
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    const leave = enterDialog(id)
    return () => {
      leave()
      dialog?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  // In the body: where a button stands says nothing of how its question looks, and keys of it are none of a table's.
  return createPortal(
    <dialog
      ref={ref}
      class={`dialog dialog-${place}`}
      aria-labelledby={id}
      onCancel={event => {
        event.preventDefault()
        onClose()
      }}
      onMouseDown={event => event.target === ref.current && onClose()}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button button-plain" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer class="dialog-actions">{actions}</footer>}
      </div>
      <ToastList dialog={id} />
    </dialog>,
    document.body,
  )
}
