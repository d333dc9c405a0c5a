import fs, { type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { smallTextOf } from '../small-body.ts'
import { Descriptor } from './descriptor.ts'
import type { FileHead } from './file-head.ts'
import { closeQuietly } from './open-inside.ts'

const fstat = promisify(fs.fstat)
const read = promisify(fs.read) as unknown as ReadPart
type ReadPart = (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>

/** A file as it was when it was opened: its bytes when it is small, else open for reading. */
export interface FileVersion {
  readonly stats: Stats
  readonly head: FileHead
  readonly body: Buffer | undefined
  /** The same bytes for `endWithBody`, when they are few. */
  readonly text: string | undefined
  readonly descriptor: Descriptor | undefined
}

/** How long after a change another one may leave the same time of change behind, in milliseconds. */
const coarseMs = 50

/** Whether a file is still the one that it was. */
export function isSameFile(a: Stats, b: Stats): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino && a.ctimeMs === b.ctimeMs && a.dev === b.dev
}

/** Whether it was changed so shortly before `nowMs` that the next change may not show in its times. */
export function isRacy({ mtimeMs, ctimeMs }: Stats, nowMs: number): boolean {
  return Math.max(mtimeMs, ctimeMs) > nowMs - coarseMs
}

/**
 * Takes an open file over: reads it if it is small, and keeps it open if not.
 *
 * @throws {Error} when it cannot be read; it is closed then.
 */
export async function takeVersion(
  file: { readonly fd: number; readonly stats: Stats },
  head: FileHead,
  bodySizeMax: number,
): Promise<FileVersion> {
  const { fd, stats } = file
  if (stats.size > bodySizeMax) return openVersion(file, head)
  try {
    const body = await readWhole(fd, stats)
    if (body) {
      closeQuietly(fd)
      return { stats, head, body, text: smallTextOf(body), descriptor: undefined }
    }
    // It changes while it is read: what is sent is what the reading of that answer finds.
    return openVersion(file, head)
  } catch (error) {
    closeQuietly(fd)
    throw error
  }
}

function openVersion({ fd, stats }: { readonly fd: number; readonly stats: Stats }, head: FileHead): FileVersion {
  return { stats, head, body: undefined, text: undefined, descriptor: new Descriptor(fd) }
}

/** Bytes of memory that its content takes. */
export function memoryOf({ body, text }: FileVersion): number {
  return (body?.length ?? 0) + (text?.length ?? 0)
}

async function readWhole(fd: number, stats: Stats): Promise<Buffer | undefined> {
  // Not from the pool of small buffers: it would live as long as the longest-lived piece of it.
  const body = Buffer.allocUnsafeSlow(stats.size)
  let filled = 0
  while (filled < body.length) {
    const { bytesRead } = await read(fd, body, filled, body.length - filled, filled)
    if (bytesRead === 0) return undefined
    filled += bytesRead
  }
  return isSameFile(await fstat(fd), stats) ? body : undefined
}
