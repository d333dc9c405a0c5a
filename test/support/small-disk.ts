import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * A disk of the test's own, in memory, of so many megabytes. Undefined where this user cannot mount one: then the test is
 * skipped, and says so. `unmount` it when all that use it have ended.
 */
export function mountSmallDisk(t: TestContext, megabytes: number): SmallDisk | undefined {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-disk-')))
  const dir = join(folder, 'disk')
  mkdirSync(dir)
  const { status, stderr, error } = mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir)
  if (status === 0) return new SmallDisk(dir)
  rmSync(folder, { recursive: true })
  t.skip(`NOT TESTED: a small tmpfs cannot be mounted here (${stderr?.trim() || error?.message}).`)
  return undefined
}

export class SmallDisk {
  readonly dir: string
  #foreign = 0

  constructor(dir: string) {
    this.dir = dir
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.dir)
    return bavail * bsize
  }

  /** Files, folders and sockets on it. */
  get fileCount(): number {
    const { files, ffree } = statfsSync(this.dir)
    return files - ffree
  }

  /** Files that have nothing to do with the store take all that is left. */
  fill(): void {
    while (this.freeBytes > 0) {
      try {
        writeFileSync(join(this.dir, `foreign-${this.#foreign++}`), Buffer.alloc(this.freeBytes, 1))
      } catch (error) {
        // Somebody else may have been faster with the last of it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  }

  /** What `fill` has written goes. */
  empty(): void {
    while (this.#foreign > 0) rmSync(join(this.dir, `foreign-${--this.#foreign}`), { force: true })
  }

  resize(megabytes: number): void {
    this.#remount(`size=${megabytes}m`)
  }

  /** How many files there can be, those that are there included; 0 for any number. */
  limitFiles(count: number): void {
    this.#remount(`nr_inodes=${count}`)
  }

  unmount(): void {
    spawnSync('umount', ['--lazy', this.dir])
    rmSync(dirname(this.dir), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }

  #remount(option: string): void {
    const { status, stderr } = mount('-o', `remount,${option}`, this.dir)
    if (status !== 0) throw new Error(`the disk could not be changed: ${stderr}`)
  }
}

function mount(...args: string[]) {
  return spawnSync('mount', args, { encoding: 'utf8' })
}
