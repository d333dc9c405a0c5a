import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import type { CommandContext } from './main.ts'
import { placeOf } from './store-place.ts'
import { defineServe } from './store-serve.ts'
import { print } from './terminal.ts'
import { addTreeOptions } from './tree-options.ts'

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
  { usage: 'copy <from> <to>', summary: 'copies it between folders, stores elsewhere and Redis, and compares' },
  { usage: 'check', summary: 'whether the file is sound' },
]

const copyHelp = `
FROM and TO are each a folder of a store, or an address:
  saola://:password@host:9980      a store elsewhere that listens; saolas:// with TLS, ?ca=FILE&cert=FILE&key=FILE
  redis://user:password@host:6379/0   Redis or Valkey; rediss:// with TLS, redis+unix:///PATH; of a cluster its nodes with commas

One database is copied: that of the address of Redis, else database 0, where the structures of a store are.
Nobody should write to either of them meanwhile: that shows as a difference, and the exit code is 1.

Examples:
  saola store copy .saola/app/store redis://localhost:6379
  saola store copy redis://localhost:6379/1 saolas://:secret@store.example:9980 --replace
`

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
    if (action.name() === 'copy') {
      action.option('--replace', 'deletes what is in its database there before').addHelpText('after', copyHelp)
    }
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
  const place = await placeOf(options)
  const given = args.filter(argument => argument !== undefined)
  for await (const line of runStoreAction(name, { ...place, args: given, json: options.json === true })) print(line)
}
