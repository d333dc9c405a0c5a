import { useEffect, useState } from 'preact/hooks'
import type { SessionView } from '../../api.ts'
import type { PageRow } from '../pages.tsx'
import { signOut } from '../session.ts'
import { chooseTheme, type Theme, theme } from '../theme.ts'
import { useLivePhase } from '../use-live.ts'
import { useObserved } from '../use-observed.ts'
import { Badge } from './badge.tsx'
import { Button } from './button.tsx'
import { Mark } from './mark.tsx'
import { Text } from './text.tsx'

interface SideBarProps {
  readonly session: SessionView
  readonly pages: readonly PageRow[]
  /** The name of the page that is shown. */
  readonly current: string
  onHelp(): void
}

/** Which tree this is, whether its news come, and where one can go. On a narrow screen a bar on top with a menu. */
export function SideBar({ session, pages, current, onHelp }: SideBarProps) {
  const [isOpen, setOpen] = useState(false)
  useEffect(() => setOpen(false), [current])
  return (
    <header class={`side ${isOpen ? 'side-open' : ''}`}>
      <div class="side-top">
        <Mark />
        <div class="side-tree">
          <Text value={session.tree} class="side-name" />
          <Connection />
        </div>
        <button type="button" class="button side-menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Menu
        </button>
      </div>
      <nav class="side-nav" aria-label="Pages">
        <ul>
          {pages.map(({ name, title, letter }) => (
            <li key={name}>
              <a
                href={`#/${name}`}
                aria-label={title}
                aria-current={name === current ? 'page' : undefined}
                aria-keyshortcuts={`g ${letter}`}
              >
                {title}
                <kbd>{letter}</kbd>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="side-foot">
        {session.isReadOnly && <Badge tone="warn">read-only</Badge>}
        <ThemeChoice />
        <div class="side-buttons">
          <Button kind="plain" onClick={onHelp}>
            Keys
          </Button>
          <Button kind="plain" onClick={signOut}>
            Sign out
          </Button>
        </div>
        <p class="side-version">
          Saola {session.version} · Node {session.node.replace(/^v/, '')}
        </p>
      </div>
    </header>
  )
}

function Connection() {
  const phase = useLivePhase()
  if (phase === 'live') return <Badge tone="good">live</Badge>
  return phase === 'connecting' ? <Badge tone="busy">connecting</Badge> : <Badge tone="bad">disconnected</Badge>
}

const themes: readonly (readonly [Theme, string])[] = [
  ['system', 'Auto'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

function ThemeChoice() {
  const chosen = useObserved(theme, value => value)
  return (
    <fieldset class="segments">
      <legend class="unseen">Colours</legend>
      {themes.map(([value, text]) => (
        <label key={value}>
          <input type="radio" name="theme" checked={value === chosen} onChange={() => chooseTheme(value)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
