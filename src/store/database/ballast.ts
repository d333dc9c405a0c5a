/**
 * A file that is only there to be removed. Deleting values needs room for its own change first, so that a full disk would
 * allow nothing that helps; the room of the ballast lets deletes go on.
 */

import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { freeBytes, sizeOf } from './folder.ts'

const ballastName = 'ballast'
const chunkBytes = 64 * 1024

export interface BallastOptions {
  /** Of the ballast; 4 MB by default: as much as the WAL may hold that the file has no room for yet. */
  readonly bytes?: number
  /** It is made only when there is so much left, so that it does not take the room that it has just given; 16 MB by default. */
  readonly roomBytesMin?: number
}

const defaults = { bytes: 4 * 1024 ** 2, roomBytesMin: 16 * 1024 ** 2 }

/**
 * Makes the ballast if it is missing and there is room; returns whether it is there.
 *
 * @throws what the system says, when it is not about room.
 */
export function makeBallast(dir: string, options: BallastOptions = {}): boolean {
  const { bytes, roomBytesMin } = { ...defaults, ...options }
  const path = join(dir, ballastName)
  if (sizeOf(path) !== undefined) return true
  if (freeBytes(dir) < roomBytesMin) return false
  const partial = `${path}.partial`
  try {
    writeNoise(partial, bytes)
    renameSync(partial, path)
    return true
  } catch (error) {
    rmSync(partial, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

export function isBallastThere(dir: string): boolean {
  return sizeOf(join(dir, ballastName)) !== undefined
}

/** Gives the room of the ballast to whoever is first; false when it was given before. */
export function releaseBallast(dir: string): boolean {
  const path = join(dir, ballastName)
  if (!sizeOf(path)) return false
  rmSync(path, { force: true })
  return true
}

/** Noise, since filesystems keep zeros without taking blocks for them; synced, since blocks are taken only then. */
function writeNoise(path: string, bytes: number): void {
  const fd = openSync(path, 'w', 0o600)
  try {
    const chunk = Buffer.alloc(chunkBytes)
    for (let written = 0; written < bytes; ) {
      written += writeSync(fd, randomFillSync(chunk), 0, Math.min(chunkBytes, bytes - written))
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
