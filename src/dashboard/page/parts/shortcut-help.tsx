import type { PageRow } from '../pages.tsx'
import { Dialog } from './dialog.tsx'

interface ShortcutHelpProps {
  readonly pages: readonly PageRow[]
  onClose(): void
}

/** What keys do. */
export function ShortcutHelp({ pages, onClose }: ShortcutHelpProps) {
  const rows: readonly (readonly [string, string])[] = [
    ...pages.map(({ letter, title }) => [`g ${letter}`, `Go to ${title}`] as const),
    ['/', 'Go to the filter of the page'],
    ['↑ ↓', 'Move through a table or a list'],
    ['Enter', 'Open what is chosen'],
    ['Esc', 'Close what is open'],
    ['?', 'Show this'],
  ]
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map(key => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
