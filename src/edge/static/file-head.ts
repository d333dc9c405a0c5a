import type { Stats } from 'node:fs'
import { extname } from 'node:path'
import { lookup } from 'mrmime'
import type { Encoding } from '../content/accept-encoding.ts'
import type { Mount } from './mount.ts'

/** The heads of a file's answers, written once. Lists as `writeHead` takes them: name, value, name, value. */
export interface FileHead {
  /** Size and time of change, and the encoding. Strong (RFC 9110, 8.8.1), but for encodings that were made here. */
  readonly etag: string
  /** Whole seconds since 1970, in milliseconds: what Last-Modified says. */
  readonly lastModifiedMs: number
  /** For 200. Content-Length is the last of it. */
  readonly ok: readonly string[]
  /** For 304: what a cache brings up to date (RFC 9110, 15.4.5). */
  readonly notModified: readonly string[]
  readonly type: string
}

export interface HeadOptions {
  readonly mount: Mount
  /** The original, when this is an encoding of it: its name tells the type. */
  readonly name: string
  readonly stats: Stats
  readonly encoding: Encoding | undefined
  /** The file lies there in several encodings. */
  readonly varies: boolean
  readonly isFallback: boolean
  /** Its length in bytes, when it is an encoding that was made here and not the file itself. */
  readonly madeBytes?: number
  /** The date, in milliseconds. */
  readonly nowMs: number
}

export function createHead(options: HeadOptions): FileHead {
  const { mount, name, stats, encoding, varies, isFallback, madeBytes, nowMs } = options
  const type = typeOf(mount, name)
  // Another version of the coder makes other bytes of the same file: so no part of it is sent either.
  const etag = (madeBytes === undefined ? '' : 'W/') + etagOf(stats, encoding)
  // A date to come would be no answer to "changed since?" (RFC 9110, 8.8.2.1).
  const lastModifiedMs = Math.floor(Math.min(stats.mtimeMs, nowMs) / 1000) * 1000
  const vary = [varies && 'Accept-Encoding', isFallback && 'Accept'].filter(Boolean).join(', ')
  const validators = {
    ETag: etag,
    'Last-Modified': new Date(lastModifiedMs).toUTCString(),
    'Cache-Control': isFallback ? 'no-cache' : mount.cacheControl,
    ...(vary && { Vary: vary }),
  }
  const ok = {
    'Content-Type': type,
    ...(encoding && { 'Content-Encoding': encoding }),
    ...validators,
    ...(madeBytes === undefined && { 'Accept-Ranges': 'bytes' }),
    'X-Content-Type-Options': 'nosniff',
  }
  return {
    etag,
    lastModifiedMs,
    type,
    ok: [...listOf(ok, mount.headers), 'Content-Length', String(madeBytes ?? stats.size)],
    notModified: listOf(validators, mount.headers),
  }
}

/** Those of `after` take the place of those of the same name. */
function listOf(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  const entries = new Map<string, [string, string]>()
  for (const [name, value] of [...Object.entries(before), ...Object.entries(after)]) {
    // It is counted, not configured.
    if (name.toLowerCase() !== 'content-length') entries.set(name.toLowerCase(), [name, value])
  }
  return [...entries.values()].flat()
}

function etagOf({ size, mtimeMs }: Stats, encoding: Encoding | undefined): string {
  return `"${Math.round(mtimeMs * 1000).toString(36)}-${size.toString(36)}${encoding ? `-${encoding}` : ''}"`
}

/** By the extension of a file's name. */
export function typeOf(mount: Mount, name: string): string {
  const extension = extname(name).slice(1).toLowerCase()
  const configured = Object.hasOwn(mount.types, extension) ? mount.types[extension] : undefined
  if (configured !== undefined) return configured
  const type = (extension && lookup(extension)) || 'application/octet-stream'
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
