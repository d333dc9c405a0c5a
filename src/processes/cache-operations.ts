/** What the control socket does with the caches of the workers. */
import { ServerError } from '../base/errors.ts'
import type { CacheFigures, CachePurgeAnswer, CachePurgeInput } from '../control/operations.ts'
import type { CacheQuestion, CacheStats } from '../edge/cache/cache.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'

/** Everything that was asked for before this moment is forgotten by all workers when it resolves. */
export async function purgeCaches(supervisor: Supervisor, input: CachePurgeInput): Promise<CachePurgeAnswer> {
  const { kind, value = '', app } = checked(input)
  checkApp(supervisor, app)
  const purge = { id: process.getBuiltinModule('node:crypto').randomUUID(), kind, value, at: Date.now() }
  const answers = await askCaches(supervisor, { do: 'purge', purge }, app)
  const failed = answers.filter(({ error }) => error !== undefined)
  if (failed.length > 0) {
    const who = failed.map(({ worker, error }) => `${worker} (${error})`).join(', ')
    throw new ServerError('ERR_CONTROL_REFUSED', `Not every worker has forgotten it: ${who}. Purge once more.`)
  }
  return { workers: answers.map(({ worker }) => worker) }
}

export async function cacheFigures(supervisor: Supervisor, app: string | undefined): Promise<CacheFigures[]> {
  checkApp(supervisor, app)
  const answers = await askCaches(supervisor, { do: 'stats' }, app)
  return answers
    .filter(({ answer }) => answer !== undefined)
    .map(({ worker, answer }) => ({ worker, ...(answer as CacheStats) }))
}

/** Of those that have one. */
async function askCaches(supervisor: Supervisor, question: CacheQuestion, app: string | undefined) {
  const answers = await supervisor.askWorkers('cache', question, app)
  const ofCaches = answers.filter(({ answer, error }) => answer !== undefined || error !== undefined)
  if (ofCaches.length > 0) return ofCaches
  const message = 'No worker has a cache. Add rules to edge.cache in the configuration and reload.'
  throw new ServerError('ERR_CONTROL_REFUSED', message)
}

function checkApp(supervisor: Supervisor, app: string | undefined): void {
  if (app === undefined || supervisor.status().apps.some(({ name }) => name === app)) return
  throw new ServerError('ERR_CONTROL_REFUSED', `There is no application ${JSON.stringify(app)}.`)
}

/** Whoever can reach the socket may write anything into it. */
function checked(input: CachePurgeInput): CachePurgeInput {
  const { kind, value } = input
  if (!['path', 'prefix', 'tag', 'all'].includes(kind)) {
    throw new ServerError('ERR_USAGE', 'cache purge expected a path, --prefix, --tag or --all.')
  }
  const isPath = kind === 'path' || kind === 'prefix'
  if (kind !== 'all' && (typeof value !== 'string' || value === '' || (isPath && !value.startsWith('/')))) {
    const what = isPath ? 'a path that begins with a slash' : 'the name of a tag'
    throw new ServerError('ERR_USAGE', `cache purge expected ${what}, got ${JSON.stringify(value)}.`)
  }
  return input
}
