/** The page as a whole: who is signed in, where one is, and what is shown there. */
import { useEffect, useState } from 'preact/hooks'
import type { SessionView } from '../api.ts'
import { live } from './live.ts'
import { SignInPage } from './pages/sign-in.tsx'
import { pages } from './pages.tsx'
import { ErrorState, LoadingState } from './parts/conditions.tsx'
import { ConnectionNotice } from './parts/connection-notice.tsx'
import { fetchPages } from './parts/lazy-page.tsx'
import { ShortcutHelp } from './parts/shortcut-help.tsx'
import { SideBar } from './parts/side-bar.tsx'
import { ToastList } from './parts/toasts.tsx'
import { goTo, useRoute } from './router.ts'
import { lookAtSession, session } from './session.ts'
import { useShortcuts } from './shortcuts.ts'
import { useObserved } from './use-observed.ts'

export function App() {
  const current = useObserved(session, value => value)
  useEffect(() => {
    if (current.state === 'in') live.start()
    else live.stop()
  }, [current.state])
  if (current.state === 'in') return <Shell session={current.view} />
  if (current.state === 'out') return <SignInPage error={current.error} hasUsers={current.hasUsers} />
  return (
    <main class="lone">
      {current.state === 'asking' ? (
        <LoadingState what="the dashboard" />
      ) : (
        <ErrorState error={current.error} onRetry={() => void lookAtSession()} />
      )}
    </main>
  )
}

/** By then the first page is there, also over a slow link. */
const fetchPagesMs = 3_000

function Shell({ session }: { readonly session: SessionView }) {
  const { page: name } = useRoute()
  const [isHelpOpen, setHelpOpen] = useState(false)
  useEffect(() => {
    const timer = setTimeout(fetchPages, fetchPagesMs)
    return () => clearTimeout(timer)
  }, [])
  const shown = pages.filter(({ isShown }) => isShown?.(session) ?? true)
  const row = shown.find(page => page.name === name) ?? shown[0]
  useShortcuts({
    goTo: letter => {
      const target = shown.find(page => page.letter === letter)
      if (target) goTo(target.name)
    },
    showHelp: () => setHelpOpen(true),
  })
  useEffect(() => {
    document.title = `${row?.title} · ${session.tree} · Saola`
    scrollTo(0, 0)
  }, [row, session.tree])
  if (!row) return null
  const Content = row.page
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes somewhere, without a trace in the address. */}
      <a class="skip-link" href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <div class="shell">
        <SideBar session={session} pages={shown} current={row.name} onHelp={() => setHelpOpen(true)} />
        <main id="main" tabIndex={-1} class="main">
          <ConnectionNotice />
          <Content key={row.name} />
        </main>
      </div>
      <ToastList />
      {isHelpOpen && <ShortcutHelp pages={shown} onClose={() => setHelpOpen(false)} />}
    </>
  )
}

/** The address says where one is, and must go on saying so. */
function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
