/** Every page of the dashboard: a page more is one row here. */
import type { ComponentType } from 'preact'
import type { SessionView } from '../api.ts'
import { OverviewPage } from './pages/overview.tsx'
import { lazyPage } from './parts/lazy-page.tsx'

export interface PageRow {
  /** In the address: `#/overview`. */
  readonly name: string
  readonly title: string
  /** Pressed after `g`. */
  readonly letter: string
  readonly page: ComponentType
  /** Left out where a tree has nothing to show there; it always has by default. */
  isShown?(session: SessionView): boolean
}

export const pages: readonly PageRow[] = [
  { name: 'overview', title: 'Overview', letter: 'o', page: OverviewPage },
  { name: 'apps', title: 'Apps', letter: 'a', page: lazyPage(async () => (await import('./pages/apps.tsx')).AppsPage) },
  { name: 'edge', title: 'Edge', letter: 'e', page: lazyPage(async () => (await import('./pages/edge.tsx')).EdgePage) },
  {
    name: 'store',
    title: 'Store',
    letter: 's',
    page: lazyPage(async () => (await import('./pages/store.tsx')).StorePage),
  },
  {
    name: 'tasks',
    title: 'Tasks',
    letter: 't',
    page: lazyPage(async () => (await import('./pages/tasks.tsx')).TasksPage),
    isShown: ({ hasTasks }) => hasTasks,
  },
  {
    name: 'programs',
    title: 'Programs',
    letter: 'p',
    page: lazyPage(async () => (await import('./pages/programs.tsx')).ProgramsPage),
  },
  { name: 'logs', title: 'Logs', letter: 'l', page: lazyPage(async () => (await import('./pages/logs.tsx')).LogsPage) },
  {
    name: 'config',
    title: 'Config',
    letter: 'c',
    page: lazyPage(async () => (await import('./pages/config.tsx')).ConfigPage),
  },
]
