import { resolve } from 'node:path'
import { createEncodingOrder, type Encoding } from '../content/accept-encoding.ts'
import { createRouteCount, type RouteCount } from '../edge-counts.ts'
import { isBelow } from '../path-prefix.ts'
import type { MountSettings } from './options.ts'

/** A folder of files and the path that it is reached by, ready to be asked. */
export interface Mount extends Omit<MountSettings, 'dir'> {
  /** What it has answered. */
  readonly route: RouteCount
  /** Without a slash at its end; empty for the mount of `/`. */
  readonly prefix: string
  /** Absolute; a symbolic link in it is followed anew at each look, so that a deployment may turn it. */
  readonly dir: string
  /** What is sent as Cache-Control. */
  readonly cacheControl: string
  /** File extensions without a dot, in lower case. */
  readonly types: Readonly<Record<string, string>>
  /** Whether the `fallback` may answer for this path. */
  mayFallBack(path: string): boolean
  /** Which of the mount's encodings an Accept-Encoding asks for, best first. */
  orderEncodings(header: string | undefined): readonly Encoding[]
}

/** What an encoding's file ends in, beside its original. */
export const suffixes: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz', zstd: '.zst' }

/** @param proxied the paths that upstreams answer for: of the mount's and theirs, the longest one decides. */
export function createMount(path: string, settings: MountSettings, proxied: readonly string[] = []): Mount {
  const prefix = withoutSlash(path)
  const longer = proxied.filter(other => withoutSlash(other).length > prefix.length)
  const excepted = [...settings.fallbackExcept, ...longer]
  const types = Object.entries(settings.types).map(([extension, type]) => [bare(extension), type])
  return {
    ...settings,
    route: createRouteCount('static', path),
    prefix,
    dir: resolve(settings.dir),
    cacheControl: cacheControlOf(settings),
    types: Object.fromEntries(types),
    mayFallBack: asked => !excepted.some(other => isBelow(other, asked)),
    orderEncodings: createEncodingOrder(settings.precompressed),
  }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function bare(extension: string): string {
  return extension.replace(/^\*?\./, '').toLowerCase()
}

/** What is behind a login is no business of a cache that others share. */
function cacheControlOf({ internal, maxAge, immutable }: MountSettings): string {
  const seconds = Math.floor(maxAge / 1000)
  return `${internal ? 'private' : 'public'}, max-age=${seconds}${immutable ? ', immutable' : ''}`
}

/**
 * The file that a path asks for, below the mount's folder: `/` and more. Undefined when no file may answer it, whatever
 * there is on the disk.
 */
export function fileOf(mount: Mount, relative: string): string | undefined {
  if (relative.includes('\0')) return undefined
  if (isHidden(mount, relative)) return undefined
  if (relative !== '' && !relative.endsWith('/')) return mount.dir + relative
  return mount.index === false ? undefined : `${mount.dir}${relative || '/'}${mount.index}`
}

/** A path is normalised before it comes here; `..` is looked for all the same, since all depends on it. */
function isHidden({ dotfiles }: Mount, relative: string): boolean {
  // Most paths have none, and are not taken apart.
  if (!relative.includes('/.')) return false
  return relative.split('/').some(segment => {
    if (segment === '.' || segment === '..') return true
    return dotfiles === 'hide' && segment.startsWith('.') && segment !== '.well-known'
  })
}
