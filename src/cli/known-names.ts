import { ServerError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { call } from '../control/client.ts'

/**
 * @throws {ServerError} ERR_USAGE when nothing of the tree has this name, nor is it one of `others`. Processes that were scaled
 *   away have left something behind, and those to come may be waited for.
 */
export async function requireName(socket: string, name: string, others: readonly string[] = []): Promise<void> {
  const { apps, children, cron = [] } = await call(socket, 'status', {})
  const entries = cron.length === 0 ? [] : ['cron', ...cron.map(entry => `cron:${entry.name}`)]
  const groups = new Set([...others, ...apps.map(app => app.name), ...children.map(child => child.app), ...entries])
  if (groups.has(name) || groups.has(name.replace(/:\d+$/, ''))) return
  const known = [...new Set([...groups, ...children.map(child => child.name)])]
  const meant = suggest(name, known)
  const hint = meant ? `, did you mean ${meant}?` : `. There is: ${known.join(', ')}.`
  throw new ServerError('ERR_USAGE', `Nothing here is named "${name}"${hint}`)
}
