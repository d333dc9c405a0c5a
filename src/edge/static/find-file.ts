import type { Clock } from '../../base/clock.ts'
import type { FileCompression } from './compress-file.ts'
import { type Absence, checkEveryMs, FileCache } from './file-cache.ts'
import { fileOf, type Mount } from './mount.ts'
import { openInside, statOf } from './open-inside.ts'
import type { StaticCacheSettings } from './options.ts'
import { type LoadSettings, StaticFile } from './static-file.ts'

export interface Wanted {
  readonly mount: Mount
  /** What is left of the path behind the mount's prefix: empty, or with a slash in front. */
  readonly relative: string
  /** Under which it is remembered; the same for the same file of the same mount. */
  readonly key: string
  readonly isFallback?: boolean
}

export type Found = StaticFile | Absence

export interface FileFinder {
  /** At once, when the answer is known and young enough. */
  find(wanted: Wanted): Found | Promise<Found>
  readonly cache: FileCache
  close(): void
}

/** Finds files, and remembers what it has found. */
export function createFileFinder(
  settings: StaticCacheSettings,
  clock: Clock,
  compression?: FileCompression,
): FileFinder {
  const cache = new FileCache(settings.maxBytes, () => clock.now())
  /** What is being looked for: a thousand requests for a file that nobody has loaded read it once. */
  const searches = new Map<string, Promise<Found>>()
  const bodySizeMax = Math.min(settings.maxFileBytes, settings.maxBytes)
  const load = (key: string): LoadSettings => ({
    bodySizeMax,
    compression,
    nowMs: () => clock.date().getTime(),
    onGrowth: (file, bytes) => cache.grow(key, file, bytes),
  })

  const search = (wanted: Wanted): Promise<Found> => {
    const { key } = wanted
    const running = searches.get(key)
    if (running) return running
    const promise = look(wanted, load(key))
      .then(found => {
        if (found instanceof StaticFile) {
          found.checkedAt = clock.now()
          cache.set(key, found)
        } else {
          cache.setAbsent(key, found)
        }
        return found
      })
      .finally(() => searches.delete(key))
    searches.set(key, promise)
    return promise
  }

  const check = (wanted: Wanted, file: StaticFile): Promise<Found> => {
    file.checking ??= file
      .isCurrent()
      .then(isCurrent => {
        if (isCurrent) file.checkedAt = clock.now()
        else if (cache.get(wanted.key) === file) cache.delete(wanted.key)
      })
      .finally(() => {
        file.checking = undefined
      })
    return file.checking.then(() => (file.isRetired ? search(wanted) : file))
  }

  return {
    cache,
    close: () => cache.close(),
    find(wanted) {
      const file = cache.get(wanted.key)
      if (!file) return cache.absence(wanted.key) ?? search(wanted)
      file.isWanted = true
      return clock.now() - file.checkedAt < checkEveryMs ? file : check(wanted, file)
    },
  }
}

async function look({ mount, relative, isFallback = false }: Wanted, settings: LoadSettings): Promise<Found> {
  const path = fileOf(mount, relative)
  if (path === undefined) return 'missing'
  // The mount's own path, without a slash at its end, can only be that of a folder.
  if (relative === '') return mount.redirectFolders && (await isFile(path)) ? 'folder' : 'missing'
  const opened = await openInside(mount, path)
  if (opened.kind === 'file') return StaticFile.load(opened, { path, mount, isFallback }, settings)
  const { index, redirectFolders } = mount
  if (opened.kind !== 'folder' || index === false || !redirectFolders || relative.endsWith('/')) return 'missing'
  return (await isFile(`${path}/${index}`)) ? 'folder' : 'missing'
}

async function isFile(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile() === true
}
