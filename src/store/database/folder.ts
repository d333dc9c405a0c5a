/** The folder of a store: what must be true of it, and how what is written there is kept. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { codeOf, messageOf } from '../../base/errors.ts'
import { StoreError } from '../store-error.ts'
import { isNoSpace } from './sqlite-failure.ts'

/** Something an operator should know: a fixed name and its values. */
export type StoreLog = (event: string, fields: Record<string, unknown>) => void

const databaseName = 'store.db'
export const lockName = 'owner.lock'
export const snapshotsName = 'snapshots'

// Locks and shared memory do not reach beyond one machine there: two owners would ruin the file.
const networkFilesystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x786f4256, 'a VirtualBox share'],
])
const fuse = 0x65735546

/**
 * Makes the folder, with mode 0700, and refuses one that cannot hold a store.
 *
 * @throws {StoreError} STORE_DIRECTORY_UNUSABLE; STORE_DISK_FULL.
 */
export function prepareFolder(dir: string, log: StoreLog): void {
  try {
    makeFolder(dir)
    // For its type only; as a big integer, since a double cannot hold what some systems answer.
    checkFilesystem(dir, Number(BigInt.asUintN(32, statfsSync(dir, { bigint: true }).type)), log)
  } catch (error) {
    throw error instanceof StoreError ? error : unusable(dir, error)
  }
}

/**
 * Makes a folder and those above it, with mode 0700, unless they are there. Step by step: with `recursive` Node tries for ever
 * where nothing can be made, as in /proc.
 *
 * @throws what the system says.
 */
export function makeFolder(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(dir)
  if (parent !== dir) makeFolder(parent)
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    // Otherwise another process was quicker.
    if (!statSync(dir).isDirectory()) throw new Error(`ENOTDIR: ${dir} is a file`, { cause: error })
  }
}

/**
 * Makes the folder, for whoever opens the store in it, and sees whether this user may use it.
 *
 * @throws {StoreError} STORE_DIRECTORY_UNUSABLE
 */
export function enterFolder(dir: string): void {
  try {
    makeFolder(dir)
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unusable(dir, error)
  }
}

/**
 * Whether a store is in this folder, or was: what a damaged one has left counts as well. Also true where this user may not look, and for
 * what is no folder: opening it says so.
 */
export function holdsStore(dir: string): boolean {
  try {
    if (!statSync(dir).isDirectory()) return true
    return [databaseName, lockName, snapshotsName].some(name => sizeOf(join(dir, name)) !== undefined)
  } catch (error) {
    return codeOf(error) !== 'ENOENT'
  }
}

/**
 * Where a backup may not go: beside the files of a store, this one or another, which would be replaced by it or taken for it.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID, also when there is no such folder, or the file is one.
 */
export function checkBackupFile(dir: string, file: string): void {
  const refuse = (why: string) => {
    throw new StoreError(
      'STORE_ARGUMENT_INVALID',
      `The backup cannot be saved as ${file}: ${why}. Choose another file.`,
    )
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) refuse('it is a folder')
  const parent = dirname(resolve(file))
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) refuse(`there is no folder ${parent}`)
  const target = realpathSync(parent)
  const own = realpathSync(dir)
  if (`${target}${sep}`.startsWith(`${own}${sep}`) || sizeOf(join(target, lockName)) !== undefined) {
    refuse('it would be among the files of a store')
  }
}

/**
 * @param type As statfs(2) of Linux says it; elsewhere nothing is known.
 * @throws {StoreError} STORE_DIRECTORY_UNUSABLE
 */
export function checkFilesystem(dir: string, type: number, log: StoreLog, platform = process.platform): void {
  if (platform !== 'linux') return
  const network = networkFilesystems.get(type)
  if (network) {
    const message = `${dir} is on ${network}, where the processes of a store cannot lock its file. Choose a folder on a disk of this machine.`
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', message)
  }
  // It may be a disk (ntfs-3g, gocryptfs) or a network (sshfs): FUSE does not tell.
  if (type === fuse) log('store.filesystem.unknown', { dir, filesystem: 'FUSE' })
}

/** What a failure of the system in this folder means for whoever opens the store. */
export function unusable(dir: string, cause: unknown): StoreError {
  if (isNoSpace(cause)) {
    return new StoreError('STORE_DISK_FULL', `The store in ${dir} cannot be opened: the disk is full. Make room.`, {
      cause,
    })
  }
  const message = `The folder ${dir} cannot hold a store: ${messageOf(cause)}. Choose another, or give this user the right to write there.`
  return new StoreError('STORE_DIRECTORY_UNUSABLE', message, { cause })
}

/** Writes to the disk that files of this folder were made, renamed or removed. */
export function syncFolder(dir: string): void {
  withFile(dir, 'r', fsyncSync)
}

/**
 * Writes a file's content to the disk. Never of a database that is open in this process: closing any descriptor of it drops
 * the locks that SQLite has on it.
 */
export function syncFile(file: string): void {
  withFile(file, 'r+', fsyncSync)
}

/** Enough for SQLite to go on: below it an error of input and output means a full disk. */
export function hasRoom(dir: string): boolean {
  return freeBytes(dir) > fullBelowBytes
}

const fullBelowBytes = 256 * 1024

/** Bytes that this user can still write on the folder's disk. */
export function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}

/** Bytes of a file; undefined when there is none. */
export function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size
}

/** Makes an empty file that only this user can read, unless it is there. What SQLite puts beside it gets the same mode. */
export function makePrivate(file: string): void {
  // One that is there is not opened: see syncFile.
  if (sizeOf(file) === undefined) closeSync(openSync(file, 'wx', 0o600))
  else chmodSync(file, 0o600)
}

export function databaseOf(dir: string): string {
  return join(dir, databaseName)
}

function withFile(path: string, flags: string, act: (fd: number) => void): void {
  const fd = openSync(path, flags)
  try {
    act(fd)
  } finally {
    closeSync(fd)
  }
}
