/** What an owner is told when it is started: in SAOLA_STORE, as JSON. */
import { join } from 'node:path'
import { socketInFolder } from '../../base/state-folder.ts'
import type { DoorSpec } from '../resp/door.ts'

export type Durability = 'memory' | 'everysec' | 'always'

export interface OwnerSpec {
  /** The name of the tree that the owner is a child of; undefined for one that a script has started. */
  readonly tree?: string
  /** The folder of the store, absolute. */
  readonly dir: string
  /** When a write is on the disk: never asked for, within a second, or before it is answered. */
  readonly durability: Durability
  /** Of the file; 0 for no limit. */
  readonly sizeMax: number
  readonly valueBytesMax: number
  /** 0 for no limit. */
  readonly keysMax: number
  readonly snapshots: { readonly everyMs: number; readonly keep: number }
  /** For other machines; undefined: none. */
  readonly door?: DoorSpec | undefined
}

/** A store that is in Redis, or of a Saola elsewhere: nobody owns it here. */
export interface RemoteSpec {
  readonly url: string
  readonly password?: string | undefined
  readonly valueBytesMax: number
}

export const defaultSpec: Omit<OwnerSpec, 'dir'> = {
  durability: 'everysec',
  sizeMax: 0,
  valueBytesMax: 128 * 1024 ** 2,
  keysMax: 0,
  snapshots: { everyMs: 300_000, keep: 3 },
}

/** The same for processes of a tree, so that they find its store. */
export const treeVariable = 'SAOLA_STORE_TREE'

/** The process id of the worker, in its environment: what it starts has it, too, and is not the one that it names. */
export const workerVariable = 'SAOLA_WORKER_PID'

/** The variable of the environment that an owner's specification is in. */
export const specVariable = 'SAOLA_STORE'

/** The socket of the owner of a folder: in it, or under a short name elsewhere when that path is too long for one. */
export function socketOf(dir: string): string {
  return socketInFolder(dir, 'store.sock', process.env)
}

/** Where an owner that was started by a script writes what it has to say. */
export function logFileOf(dir: string): string {
  return join(dir, 'store.log')
}
