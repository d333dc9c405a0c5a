/** What all commands have in common that ask a running tree. */
import type { Command } from 'commander'
import { type CallOptions, call } from '../control/client.ts'
import type { CallName, OperationTypes } from '../control/operations.ts'
import { findTree, type TreeChoice } from './find-tree.ts'

/** How long an operation may take that waits for workers to become ready or to end, in milliseconds: an hour. */
export const workWaitMs = 3_600_000

/** Adds `-c` and `--name`, which choose the tree. */
export function addTreeOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the tree that was started with this configuration')
    .option('--name <name>', 'the tree of this name')
}

/** The control socket of the tree that was chosen. */
export function treeSocket(choice: TreeChoice): Promise<string> {
  return findTree(choice, { cwd: process.cwd(), env: process.env })
}

/** Asks the tree that was chosen for one operation. */
export async function ask<Name extends CallName>(
  choice: TreeChoice,
  name: Name,
  input: OperationTypes[Name]['input'],
  options?: CallOptions,
): Promise<OperationTypes[Name]['output']> {
  return call(await treeSocket(choice), name, input, options)
}
