/** Which store a command means. */
import { codeOf, ServerError } from '../base/errors.ts'
import { findConfigFile } from '../config/find-file.ts'
import { loadConfig } from '../config/load.ts'
import { loadRequest } from './config-options.ts'
import type { TreeChoice } from './find-tree.ts'
import { ask } from './tree-options.ts'

export interface StoreChoice extends TreeChoice {
  /** The folder of the store, whatever runs. */
  readonly dir?: string
}

export interface StorePlace {
  readonly dir: string
  /** Where the data is instead, when it is in Redis. */
  readonly url?: string | undefined
  /** By --dir: a store must be there already. That of a tree is made at its first use. */
  readonly isChosen?: boolean
}

/** Of the tree that runs; when none does, of the configuration that a start would have. */
export async function placeOf(choice: StoreChoice): Promise<StorePlace> {
  if (choice.dir !== undefined) return { dir: choice.dir, isChosen: true }
  try {
    const { values } = await ask(choice, 'config', {})
    const { store } = values as { store: { dir: string; url?: string } }
    // An address is told without its password: that is in the configuration only.
    if (store.url === undefined) return { dir: store.dir }
  } catch (error) {
    if (codeOf(error) !== 'ERR_NOT_RUNNING') throw error
  }
  try {
    const { config } = await loadConfig(loadRequest(undefined, choice, 'start'))
    return config.store
  } catch (cause) {
    const isThere = choice.config !== undefined || findConfigFile(process.cwd()) !== undefined
    if (isThere || codeOf(cause) !== 'ERR_CONFIG_INVALID') throw cause
    const message = 'No tree runs here, and there is no configuration. Choose the folder of the store with --dir.'
    throw new ServerError('ERR_STORE_NOT_FOUND', message, { cause })
  }
}
