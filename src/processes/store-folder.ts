import { chmodSync, chownSync, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Identity } from '../base/identity.ts'
import type { Config } from '../config/config.ts'
import { makeFolder } from '../store/database/folder.ts'

/**
 * For workers that do not run as root under a supervisor that does: makes the store's folder, and makes it theirs. The folders of
 * the tree above it, which are root's, let them pass, and show them nothing. One that is there stays whose it is.
 */
export function giveStoreFolder({ store: { dir }, stateDir }: Config, { uid, gid }: Identity): void {
  if (uid === undefined && gid === undefined) return
  if (dir.startsWith(`${stateDir}/`)) for (const folder of [dirname(stateDir), stateDir]) letPass(folder)
  if (existsSync(dir)) return
  makeFolder(dir)
  chownSync(dir, uid ?? 0, gid ?? 0)
}

function letPass(folder: string): void {
  const { mode } = statSync(folder)
  if ((mode & 0o011) !== 0o011) chmodSync(folder, (mode & 0o777) | 0o011)
}
