import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface PanelProps {
  readonly title: ComponentChildren
  /** At the right of the title: filters, buttons. */
  readonly actions?: ComponentChildren
  /** A few words beside the title: `4 of 4 workers`. */
  readonly note?: ComponentChildren
  /** Without space around the content: for tables and lists. */
  readonly isFlush?: boolean
  readonly class?: string
  readonly children: ComponentChildren
}

/** A part of a page with a title of its own. */
export function Panel({ title, actions, note, isFlush, class: name, children }: PanelProps) {
  const id = useId()
  return (
    <section class={`panel ${isFlush ? 'panel-flush' : ''} ${name ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note && <span class="panel-note">{note}</span>}
        {actions && <div class="panel-actions">{actions}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  )
}
