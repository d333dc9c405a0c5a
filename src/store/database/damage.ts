/**
 * What is done about a file that makes no sense: it is put aside, never deleted, and the newest good snapshot takes its place.
 *
 * Each step leaves a folder from which the next start goes on, so that a kill in between loses neither the damaged file
 * nor the snapshot.
 */
import { constants, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { databaseOf, type StoreLog, sizeOf, snapshotsName, syncFile, syncFolder } from './folder.ts'
import { readTakenAt, type SnapshotInfo, verifySnapshot } from './verify-snapshot.ts'

const damagedPrefix = 'damaged-'
// Who never looks at them should not find the disk full of them.
const damagedMax = 5

/**
 * Puts the damaged file aside and the newest valid snapshot in its place, or nothing when there is none; says so in the log.
 *
 * @throws what the system says, for example ENOSPC. Nothing was lost then.
 */
export function replaceDamaged(dir: string, reason: string, log: StoreLog): void {
  const snapshot = findNewestValid(dir, log)
  if (snapshot) copySnapshot(snapshot, replacementOf(dir))
  const aside = putAside(dir)
  if (snapshot) renameSync(replacementOf(dir), databaseOf(dir))
  syncFolder(dir)
  log('store.damaged', {
    reason,
    movedTo: aside,
    restored: snapshot?.file ?? 'nothing: the store is empty now',
    restoredFrom: snapshot && new Date(snapshot.takenAt).toISOString(),
    keys: snapshot?.rows.keys ?? 0,
  })
  removeOldest(dir, log)
}

/** Ends what a kill has interrupted in `replaceDamaged`. */
export function finishReplacing(dir: string, log: StoreLog): void {
  const replacement = replacementOf(dir)
  if (sizeOf(replacement) === undefined) return
  // It is whole if the file that it replaces is away: that was the step before.
  if (sizeOf(databaseOf(dir)) === undefined) {
    putAside(dir)
    renameSync(replacement, databaseOf(dir))
    log('store.damaged', { reason: 'a restoration was interrupted', restored: 'the snapshot that it had chosen' })
  } else rmSync(replacement)
  syncFolder(dir)
}

/** Whether the file was cut to nothing, or is away, while something says that there was one. */
export function isEmptied(dir: string): boolean {
  const file = databaseOf(dir)
  return !sizeOf(file) && (Boolean(sizeOf(`${file}-wal`)) || (sizeOf(file) === 0 && snapshotsIn(dir).length > 0))
}

/** Files that may be snapshots, in the folder for them. */
function snapshotsIn(dir: string): string[] {
  try {
    const folder = join(dir, snapshotsName)
    return readdirSync(folder)
      .filter(name => name.endsWith('.db'))
      .map(name => join(folder, name))
  } catch {
    return []
  }
}

function findNewestValid(dir: string, log: StoreLog): SnapshotInfo | undefined {
  // One that cannot tell is looked at in its turn, so that the log says that it is damaged.
  const dated = snapshotsIn(dir).map(file => ({ file, takenAt: readTakenAt(file) ?? statSync(file).mtimeMs }))
  for (const { file } of dated.sort((a, b) => b.takenAt - a.takenAt)) {
    try {
      return verifySnapshot(file)
    } catch (error) {
      log('store.snapshot.invalid', { file, error: messageOf(error) })
    }
  }
  return undefined
}

function copySnapshot({ file }: SnapshotInfo, target: string): void {
  const partial = `${target}.partial`
  try {
    copyFileSync(file, partial, constants.COPYFILE_FICLONE)
    syncFile(partial)
    renameSync(partial, target)
  } finally {
    rmSync(partial, { force: true })
  }
}

function putAside(dir: string): string {
  const aside = join(dir, damagedPrefix + new Date().toISOString().replaceAll(':', '-'))
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  // The file first: without its WAL it might pass for a good one. What is left behind goes at the next start.
  for (const ending of ['', '-wal', '-shm']) moveIfThere(databaseOf(dir) + ending, join(aside, `store.db${ending}`))
  syncFolder(aside)
  syncFolder(dir)
  return aside
}

function moveIfThere(from: string, to: string): void {
  if (sizeOf(from) !== undefined) renameSync(from, to)
}

function removeOldest(dir: string, log: StoreLog): void {
  const folders = readdirSync(dir).filter(name => name.startsWith(damagedPrefix))
  for (const name of folders.sort().slice(0, -damagedMax)) {
    rmSync(join(dir, name), { recursive: true, force: true })
    log('store.damaged.removed', { folder: join(dir, name), kept: damagedMax })
  }
}

function replacementOf(dir: string): string {
  return `${databaseOf(dir)}.replacement`
}
