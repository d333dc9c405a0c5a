import { markRoute } from '../edge-counts.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { createPrefixTable } from '../path-prefix.ts'
import { addResponseHook } from '../response-hooks.ts'
import type { EdgeServices } from '../services.ts'
import { FileServer } from './file-server.ts'
import type { Wanted } from './find-file.ts'
import { decodePath, internalRedirectHook, type NamedFile } from './internal-redirect.ts'
import { createMount, type Mount } from './mount.ts'
import { statOf } from './open-inside.ts'

type MountTable = ReturnType<typeof createPrefixTable<Mount>>

/**
 * Serves files: mounts of `edge.static` by GET and HEAD, and those marked internal by what the application answers.
 * Undefined when nothing is mounted.
 */
export async function createStaticFiles(
  settings: Pick<EdgeSettings, 'static' | 'staticCache' | 'compression' | 'proxy'>,
  services: Pick<EdgeServices, 'clock' | 'log'>,
): Promise<Step | undefined> {
  const proxied = Object.keys(settings.proxy)
  const mounts = Object.entries(settings.static).map(([path, mount]) => createMount(path, mount, proxied))
  if (mounts.length === 0) return undefined
  await warnOfMissing(mounts, services)
  const table = createPrefixTable(mounts.map(mount => [mount.prefix, mount]))
  const server = new FileServer(settings, services)
  const internal = mounts.filter(mount => mount.internal)
  const folders = createPrefixTable(internal.map(mount => [mount.dir, mount]))
  const serveNamed = (named: NamedFile, request: EdgeRequest) => {
    const wanted = named.header === 'x-sendfile' ? wantedByFile(folders, named.value) : wantedByPath(table, named.value)
    const { header, value } = named
    server.answerNamed(request, wanted, named.kept, () =>
      services.log.warn('edge.static.not-internal', { header, value }),
    )
  }
  return {
    name: 'static',
    close: () => server.close(),
    figures: () => ({ routes: mounts.filter(mount => !mount.internal).map(({ route }) => route) }),
    run(request) {
      const mount = request.upgrade ? undefined : table.find(request.path)?.value
      const isPublic = mount !== undefined && !mount.internal
      if (isPublic) markRoute(request.res, mount.route)
      const outcome = isPublic ? server.answer(request, mount) : 'next'
      if (internal.length === 0) return outcome
      const watch = (settled: Outcome) => {
        if (settled === 'next' && !request.upgrade) {
          addResponseHook(
            request.res,
            internalRedirectHook(named => serveNamed(named, request)),
          )
        }
        return settled
      }
      return typeof outcome === 'string' ? watch(outcome) : outcome.then(watch)
    },
  }
}

function wantedByPath(table: MountTable, value: string): Wanted | undefined {
  const path = decodePath(value)
  const mount = path === undefined ? undefined : table.find(path)?.value
  if (path === undefined || !mount?.internal) return undefined
  return { mount, relative: path.slice(mount.prefix.length), key: path }
}

function wantedByFile(folders: MountTable, file: string): Wanted | undefined {
  const mount = folders.find(file)?.value
  if (!mount) return undefined
  const relative = file.slice(mount.dir === '/' ? 0 : mount.dir.length)
  return { mount, relative, key: `${mount.prefix}\0file${relative}` }
}

async function warnOfMissing(mounts: readonly Mount[], { log }: Pick<EdgeServices, 'log'>): Promise<void> {
  for (const { prefix, dir } of mounts) {
    const stats = await statOf(dir).catch(() => undefined)
    if (!stats?.isDirectory()) log.warn('edge.static.no-folder', { path: prefix || '/', dir })
  }
}
