/**
 * What the file of a WAL says about itself: https://www.sqlite.org/fileformat2.html#walformat
 *
 * SQLite reads it up to the first frame that makes no sense, and says nothing of what stands behind that: after a power cut it
 * is what had not reached the disk, but it can be a bad disk, too. Whoever opens the store should be told of both.
 *
 * Its locks are not on this file, so it can be opened and closed here.
 */
import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseOf } from './folder.ts'

/** What is in a WAL and cannot be read. */
export interface LostTail {
  readonly reason: string
  /** From the end of what can be read to the end of the file. */
  readonly bytes: number
}

interface Head {
  readonly isValid: boolean
  /** They are others each time that the WAL begins anew; a frame that has them was written since. */
  readonly salts: string
  readonly frameBytes: number
}

const headBytes = 32
const frameHeadBytes = 24
const magic = 0x377f0682
const noteName = 'copied'

/**
 * Whether transactions stand behind the part that SQLite can read; undefined when there are none. One that a kill has
 * interrupted is none: it was not committed.
 *
 * @param framesRead How many SQLite can read: `log` of `PRAGMA wal_checkpoint(NOOP)`.
 */
export function findLostTail(dir: string, framesRead: number): LostTail | undefined {
  return withWal(dir, (fd, sizeBytes) => {
    // It has had nothing yet.
    if (sizeBytes <= headBytes) return undefined
    const head = readHead(fd)
    if (!head.isValid) return { reason: 'its head makes no sense', bytes: sizeBytes }
    const frame = Buffer.alloc(frameHeadBytes)
    const readTo = headBytes + framesRead * head.frameBytes
    let hasCommit = false
    for (let at = readTo; readSync(fd, frame, 0, frameHeadBytes, at) === frameHeadBytes; at += head.frameBytes) {
      if (saltsOf(frame, 8) !== head.salts) continue
      // A kill can leave the head of a last frame without its page. What another one follows was whole.
      if (hasCommit) return { reason: 'transactions follow a part that makes no sense', bytes: sizeBytes - readTo }
      hasCommit = frame.readUInt32BE(4) !== 0
    }
    return undefined
  })
}

/** The salts of the WAL; undefined when there is none that makes sense. */
export function readSalts(dir: string): string | undefined {
  const head = withWal(dir, readHead)
  return head?.isValid ? head.salts : undefined
}

/**
 * Notes that so many frames of the WAL with these salts were copied into the file, all of it on the disk. Not synced, and not
 * tried again on a full disk: a note that is older, or away, finds less.
 */
export function noteCopied(dir: string, salts: string, frames: number): void {
  try {
    writeFileSync(join(dir, noteName), `${JSON.stringify({ salts, frames })}\n`, { mode: 0o600 })
  } catch {
    // What the thread is there for is done.
  }
}

/**
 * Whether frames that were copied into the file cannot be read any more. The file is newer than what SQLite makes of the WAL
 * then, so that both together would be a state that never was.
 */
export function isCopiedLost(dir: string, framesRead: number): boolean {
  try {
    const { salts, frames } = JSON.parse(readFileSync(join(dir, noteName), 'utf8'))
    return framesRead < frames && salts === readSalts(dir)
  } catch {
    // No note, or one that a power cut has left half written.
    return false
  }
}

function readHead(fd: number): Head {
  const head = Buffer.alloc(headBytes)
  const isWhole = readSync(fd, head, 0, headBytes, 0) === headBytes
  const isMagic = head.readUInt32BE(0) === magic || head.readUInt32BE(0) === magic + 1
  const pageBytes = head.readUInt32BE(8)
  return {
    isValid: isWhole && isMagic && hasRightChecksum(head),
    salts: saltsOf(head, 16),
    frameBytes: frameHeadBytes + pageBytes,
  }
}

function hasRightChecksum(head: Buffer): boolean {
  const isBigEndian = head.readUInt32BE(0) === magic + 1
  const sums = new Uint32Array(2)
  const [first, second] = [0, 1] as const
  for (let at = 0; at < frameHeadBytes; at += 8) {
    const [a, b] = isBigEndian
      ? [head.readUInt32BE(at), head.readUInt32BE(at + 4)]
      : [head.readUInt32LE(at), head.readUInt32LE(at + 4)]
    sums[first] = (sums[first] as number) + a + (sums[second] as number)
    sums[second] = (sums[second] as number) + b + (sums[first] as number)
  }
  return sums[first] === head.readUInt32BE(frameHeadBytes) && sums[second] === head.readUInt32BE(frameHeadBytes + 4)
}

function saltsOf(bytes: Buffer, at: number): string {
  return bytes.toString('hex', at, at + 8)
}

function withWal<Result>(dir: string, read: (fd: number, sizeBytes: number) => Result): Result | undefined {
  const path = `${databaseOf(dir)}-wal`
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return undefined
  const fd = openSync(path, 'r')
  try {
    return read(fd, status.size)
  } finally {
    closeSync(fd)
  }
}
