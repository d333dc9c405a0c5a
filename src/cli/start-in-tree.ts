import { existsSync } from 'node:fs'
import { ServerError } from '../base/errors.ts'
import { call } from '../control/client.ts'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { treeSocket, workWaitMs } from './tree-options.ts'

/**
 * `saola start redis`: starts what of it does not run, if a tree runs here that has something of this name. False when the word
 * means something else: a file is always meant as a file.
 *
 * @throws {ServerError} ERR_CONTROL_REFUSED when all of it runs, or it does not come up.
 */
export async function startInTree(word: string, choice: TreeChoice): Promise<boolean> {
  if (!isName(word) || existsSync(word)) return false
  const socket = await runningTree(choice)
  if (socket === undefined || !(await hasName(socket, word))) return false
  const { message } = await call(socket, 'start', { target: word }, { timeoutMs: workWaitMs })
  print(`${word}: ${message}.`)
  return true
}

/** Adds to what is wrong with a start what else the word could have meant. */
export function explainName(error: unknown, word: string | undefined): unknown {
  if (!(error instanceof ServerError) || error.code !== 'ERR_CONFIG_INVALID') return error
  if (word === undefined || !isName(word) || existsSync(word)) return error
  const hint = `A program or an application can be started by its name while its tree runs, and none that runs here has "${word}".`
  return new ServerError(error.code, error.message, { cause: error, problems: [...error.problems, hint] })
}

/** `redis`, `redis:1`, `tasks:io`, `all`. */
function isName(word: string): boolean {
  return /^[A-Za-z][\w-]*(?::[\w-]+)*$/.test(word)
}

async function runningTree(choice: TreeChoice): Promise<string | undefined> {
  try {
    return await treeSocket(choice)
  } catch (error) {
    if (error instanceof ServerError && error.code === 'ERR_NOT_RUNNING') return undefined
    throw error
  }
}

async function hasName(socket: string, word: string): Promise<boolean> {
  const { children } = await call(socket, 'status', {})
  return word === 'all' || children.some(({ name, app }) => word === name || word === app)
}
