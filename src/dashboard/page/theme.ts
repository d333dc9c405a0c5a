/** Light or dark: as the system has it, or as chosen here, which is kept by the browser. */
import { observable } from './observable.ts'

const key = 'saola-theme'

export type Theme = 'system' | 'light' | 'dark'

export const theme = observable<Theme>(keptTheme())

export function chooseTheme(next: Theme): void {
  theme.set(next)
  applyTheme()
  try {
    localStorage.setItem(key, next)
  } catch {
    // A browser that keeps nothing shows it until it is closed.
  }
}

export function applyTheme(): void {
  const chosen = theme.get()
  if (chosen === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = chosen
}

function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(key)
    return kept === 'light' || kept === 'dark' ? kept : 'system'
  } catch {
    return 'system'
  }
}
