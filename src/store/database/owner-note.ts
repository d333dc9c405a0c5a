/**
 * A note in the folder about who owns it. The lock decides that, and cannot say who has it; the note says so to whoever comes
 * next: the owner of another tree, which tells its operator, and scripts, which leave a tree the time to start its own again.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface OwnerNote {
  /** The process that owns the store, or that is about to. */
  readonly pid: number
  /** The tree whose store it is, if it is one's. */
  readonly tree?: TreeIdentity | undefined
}

export interface TreeIdentity {
  readonly name: string
  readonly supervisorPid: number
}

/** What the last owner has noted, who may have been killed since; undefined when there is nothing of use. */
export function readOwnerNote(dir: string): OwnerNote | undefined {
  try {
    const note = JSON.parse(readFileSync(fileIn(dir), 'utf8')) as OwnerNote
    return typeof note?.pid === 'number' ? note : undefined
  } catch {
    return undefined
  }
}

/**
 * Only by the owner, and in one step: who reads half a note takes the folder for nobody's. Without room on the disk there is none, and
 * an error message says less.
 */
export function writeOwnerNote(dir: string, note: OwnerNote): void {
  const next = `${fileIn(dir)}.next`
  try {
    writeFileSync(next, `${JSON.stringify(note)}\n`, { mode: 0o600 })
    renameSync(next, fileIn(dir))
  } catch {
    removeOwnerNote(dir)
  }
}

/** One that stays does no harm: it names a process that is gone. */
export function removeOwnerNote(dir: string): void {
  try {
    rmSync(fileIn(dir), { force: true })
  } catch {
    // The disk has become read-only, say.
  }
}

/** The tree that keeps an owner for this folder, as long as its supervisor is alive. */
export function treeOfFolder(dir: string): TreeIdentity | undefined {
  return livingTreeOf(readOwnerNote(dir))
}

export function livingTreeOf(note: OwnerNote | undefined): TreeIdentity | undefined {
  const tree = note?.tree
  return tree && isAlive(tree.supervisorPid) ? tree : undefined
}

/** `process 4217 (store:0 of the tree "shop")` */
export function describeOwner({ pid, tree }: OwnerNote): string {
  return `process ${pid}${tree ? ` (store:0 of the tree "${tree.name}")` : ''}`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function fileIn(dir: string): string {
  return join(dir, 'owner.json')
}
