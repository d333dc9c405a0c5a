import { account } from '../supervisor/options.ts'
import { checkPath } from './check-paths.ts'
import { type Draft, isSection, pathKey } from './draft.ts'
import { type DraftApp, readApps } from './draft-apps.ts'
import type { Ground } from './surroundings.ts'

// store:0 can only be one of them, in the log and for the commands.
const takenName = 'apps.store expected a name of its own, got "store", which is that of the shared store.'

/** What concerns several settings of an application, or the machine. */
export function checkApp({ name, app }: DraftApp, { dir, accounts, isForElsewhere }: Ground): string[] {
  const where = `apps.${name}`
  return [
    ...(name === 'store' ? [takenName] : []),
    ...checkSticky(name, app),
    ...checkFront(name, app),
    ...(isForElsewhere
      ? []
      : [
          ...accounts.check(where, { user: accountOf(app.user), group: accountOf(app.group) }),
          ...checkPath(`${where}.app`, app.app, 'file', dir),
          ...checkPath(`${where}.cwd`, app.cwd, 'folder', dir),
        ]),
  ]
}

function accountOf(value: unknown): string | undefined {
  return account.optional().safeParse(value).data
}

/** The supervisor, which chooses the worker, cannot read what is encrypted for the worker. */
function checkSticky(name: string, { balance, sticky, tls }: DraftApp['app']): string[] {
  const isByCookie = balance === 'sticky' && isSection(sticky) && sticky.by === 'cookie'
  if (!isByCookie || tls === undefined) return []
  return [
    `apps.${name}.sticky.by expected "ip", got "cookie": with tls a cookie cannot be read before a worker has it.`,
  ]
}

/** What of the edge answers by itself, so that no application is needed. */
const answering = ['static', 'proxy', 'redirects'] as const

/** Without an application the edge must answer, and nobody is there to say that it is ready. */
function checkFront(name: string, { app, edge, ready }: DraftApp['app']): string[] {
  if (app !== undefined) return []
  const hasAny = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length > 0
  const answers = isSection(edge) && answering.some(key => hasAny(edge[key]))
  const waits = isSection(ready) && ready.signal === true
  return [
    ...(answers
      ? []
      : [`apps.${name} needs app: the file of the application; or an edge that answers: ${listOf(answering)}.`]),
    ...(waits && answers
      ? [`apps.${name}.ready.signal expected an application, which calls ready(): without one it never comes.`]
      : []),
  ]
}

function listOf(keys: readonly string[]): string {
  const names = keys.map(key => `edge.${key}`)
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Folders of the configuration may come later; one that was typed is meant to be there. */
export function checkStaticFlag({ raw, origins }: Draft, dir: string): string[] {
  return readApps(raw.apps).flatMap(({ name }) => {
    const path = ['apps', name, 'edge', 'static', '/']
    if (origins.get(pathKey(path)) !== 'flag --static') return []
    const mount = path.reduce<unknown>((value, key) => (isSection(value) ? value[key] : undefined), raw)
    return checkPath('--static', isSection(mount) ? mount.dir : undefined, 'folder', dir)
  })
}
