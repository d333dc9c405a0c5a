/** What keys do: `g` and a letter go to a page, `/` to the filter, `?` shows them all. Never while somebody types. */
import { useEffect } from 'preact/hooks'

export interface ShortcutActions {
  /** The page of a letter. */
  goTo(letter: string): void
  showHelp(): void
}

/** So long the second key may take. */
const pairMaxMs = 1_500

export function useShortcuts({ goTo, showHelp }: ShortcutActions): void {
  useEffect(() => {
    let pressedAt = 0
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isDialogOpen()) return
      if (event.key === '?') showHelp()
      else if (event.key === '/') focusFilter(event)
      else if (event.key === 'g') pressedAt = event.timeStamp
      else if (event.timeStamp - pressedAt < pairMaxMs) goTo(event.key)
      if (event.key !== 'g') pressedAt = 0
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(typedInto)
}

/** A choice takes no letters. */
const typedInto = 'input:not([type="radio"], [type="checkbox"]), select, textarea, [contenteditable]'

function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null
}

function focusFilter(event: KeyboardEvent): void {
  const filter = document.querySelector<HTMLElement>('[data-filter]')
  if (!filter) return
  event.preventDefault()
  filter.focus()
}
