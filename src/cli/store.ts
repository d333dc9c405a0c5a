import type { Command } from 'commander'
import { codeOf, ServerError } from '../base/errors.ts'
import { findConfigFile } from '../config/find-file.ts'
import { loadConfig } from '../config/load.ts'
import { loadRequest } from './config-options.ts'
import type { TreeChoice } from './find-tree.ts'
import type { CommandContext } from './main.ts'
import { defineServe } from './store-serve.ts'
import { print } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

interface StoreOptions extends TreeChoice {
  readonly dir?: string
  readonly json?: boolean
  readonly replace?: boolean
}

const actions = [
  { usage: 'info', summary: 'how much it holds, and how it does' },
  { usage: 'keys [pattern]', summary: 'the names of keys, such as session:*' },
  { usage: 'get <key> [field]', summary: 'what a key holds, or a field of a map' },
  { usage: 'set <key> <value>', summary: 'sets a key to a text' },
  { usage: 'delete <keys...>', summary: 'deletes keys; prints how many there were' },
  { usage: 'watch <key>', summary: 'a line for each change, until it is interrupted' },
  { usage: 'backup <file>', summary: 'saves all of it in a file, while writes go on' },
  { usage: 'restore <file>', summary: 'puts a backup in the place of all there is' },
  { usage: 'copy <from> <to>', summary: 'copies all of it between folders and addresses of Redis, and compares' },
  { usage: 'check', summary: 'whether the file is sound' },
]

export function define(command: Command, context: CommandContext): void {
  defineServe(command, context)
  command.addHelpText(
    'after',
    '\nThe store is that of the tree that runs here, or of the configuration here.\n' +
      '\nExamples:\n  saola store info\n  saola store keys "session:*"\n  saola store backup monday.db\n' +
      '  saola store copy .saola/app/store redis://localhost:6379',
  )
  for (const { usage, summary } of actions) {
    const action = addTreeOptions(command.command(usage).description(summary))
      .option('--dir <dir>', 'the folder of the store')
      .option('--json', 'as JSON')
    if (action.name() === 'copy') action.option('--replace', 'deletes what is there before')
    // Commander gives each argument, then the options, then the command.
    action.action((...all: unknown[]) =>
      run(action.name(), all.slice(0, -2).flat() as (string | undefined)[], all.at(-2) as StoreOptions),
    )
  }
}

async function run(name: string, args: readonly (string | undefined)[], options: StoreOptions): Promise<void> {
  if (name === 'copy') {
    const [from = '', to = ''] = args
    return (await import('./store-copy.ts')).copy(from, to, options)
  }
  const { runStoreAction } = await import('../processes/store-commands.ts')
  const place = options.dir === undefined ? await placeOf(options) : { dir: options.dir }
  const given = args.filter(argument => argument !== undefined)
  for await (const line of runStoreAction(name, { ...place, args: given, json: options.json === true })) print(line)
}

/** Of the tree that runs; when none does, of the configuration that a start would have. */
async function placeOf(choice: StoreOptions): Promise<{ dir: string; url?: string | undefined }> {
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
