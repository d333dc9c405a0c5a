import { useEffect, useState } from 'preact/hooks'
import { theme } from './theme.ts'
import { useObserved } from './use-observed.ts'

/** Which colours are shown now, also where the system decides: for what is not drawn by style sheets. */
export function useScheme(): 'light' | 'dark' {
  const chosen = useObserved(theme, value => value)
  const [isDark, setDark] = useState(() => matchMedia(darkQuery).matches)
  useEffect(() => {
    const query = matchMedia(darkQuery)
    const look = () => setDark(query.matches)
    query.addEventListener('change', look)
    return () => query.removeEventListener('change', look)
  }, [])
  if (chosen !== 'system') return chosen
  return isDark ? 'dark' : 'light'
}

const darkQuery = '(prefers-color-scheme: dark)'
