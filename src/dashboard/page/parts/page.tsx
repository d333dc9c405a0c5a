import type { ComponentChildren } from 'preact'

interface PageProps {
  readonly title: string
  /** Beside the title: what is done with all of it. */
  readonly actions?: ComponentChildren
  /** A line below the title. */
  readonly lead?: ComponentChildren
  readonly children: ComponentChildren
}

/** A page: its title, what can be done, and its panels below each other. */
export function Page({ title, actions, lead, children }: PageProps) {
  return (
    <div class="page">
      <header class="page-head">
        <h1>{title}</h1>
        {actions && <div class="page-actions">{actions}</div>}
        {lead && <div class="page-lead">{lead}</div>}
      </header>
      {children}
    </div>
  )
}
