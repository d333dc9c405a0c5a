import { useIsTopmost } from '../open-dialogs.ts'
import { closeToast, type Toast, toasts } from '../toasts.ts'
import { useObserved } from '../use-observed.ts'
import { visibleLines } from '../visible-text.ts'

interface ToastListProps {
  /** In which it stands; undefined: on the page. */
  readonly dialog?: string
}

/**
 * Outcomes, read out by screen readers as they come. The page has one, and every dialog, since all outside of a dialog is out of reach:
 * only the topmost shows something. The others stay, empty: what comes into a region that was there before is read out.
 */
export function ToastList({ dialog }: ToastListProps) {
  const isTopmost = useIsTopmost(dialog)
  const all = useObserved(toasts, value => value)
  const shown = isTopmost ? all : []
  return (
    <div class="toasts">
      <div role="status" aria-live="polite">
        {shown
          .filter(({ tone }) => tone === 'good')
          .map(toast => (
            <ToastView key={toast.id} toast={toast} />
          ))}
      </div>
      <div role="alert">
        {shown
          .filter(({ tone }) => tone === 'bad')
          .map(toast => (
            <ToastView key={toast.id} toast={toast} />
          ))}
      </div>
    </div>
  )
}

function ToastView({ toast: { id, tone, text, details } }: { readonly toast: Toast }) {
  return (
    <div class={`toast toast-${tone}`}>
      <div class="toast-text">
        <p>{visibleLines(text)}</p>
        {details.length > 0 && (
          <ul>
            {details.slice(0, 8).map(detail => (
              <li key={detail}>{visibleLines(detail)}</li>
            ))}
          </ul>
        )}
      </div>
      <button type="button" class="button button-plain" aria-label="Close this message" onClick={() => closeToast(id)}>
        ✕
      </button>
    </div>
  )
}
