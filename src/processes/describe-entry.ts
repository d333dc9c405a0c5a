import { relative } from 'node:path'
import type { AppConfig } from '../config/config.ts'

/** More are counted. */
const shownMax = 2

/** What answers, for people: the file of the application, or what the edge does without one. */
export function describeEntry({ app, edge, cwd }: Pick<AppConfig, 'app' | 'edge' | 'cwd'>): string {
  if (app !== undefined) return app
  const { static: mounts, proxy, redirects } = (edge ?? {}) as Readonly<Record<string, object>>
  const parts = [
    ...describe(
      'static',
      foldersOf(mounts).map(folder => shorten(folder, cwd)),
    ),
    ...describe('proxy', upstreamsOf(proxy)),
  ]
  if (parts.length === 0 && redirects) return 'redirects'
  return parts.join(', ')
}

function describe(what: string, names: readonly string[]): string[] {
  const distinct = [...new Set(names)]
  const more = distinct.length - shownMax
  const shown = distinct.slice(0, shownMax).join(' ')
  return distinct.length === 0 ? [] : [`${what} ${shown}${more > 0 ? ` and ${more} more` : ''}`]
}

function foldersOf(mounts: object | undefined): string[] {
  return Object.values(mounts ?? {}).map((mount: string | { dir: string }) =>
    typeof mount === 'string' ? mount : mount.dir,
  )
}

type Upstream = string | { readonly url: string }

function upstreamsOf(rules: object | undefined): string[] {
  return Object.values(rules ?? {})
    .flatMap((rule: string | { to: Upstream | readonly Upstream[] }) => (typeof rule === 'string' ? rule : rule.to))
    .map(upstream => (typeof upstream === 'string' ? upstream : upstream.url).replace(/\/\/[^@/]*@/, '//'))
}

function shorten(folder: string, dir: string): string {
  const path = relative(dir, folder)
  return path.startsWith('..') ? folder : `./${path}`
}
