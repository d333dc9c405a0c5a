import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('<app>', 'the application or program, such as web')
    .argument('<number>', 'how many workers, or processes of a program: 4, or +1 and -1 from what there is')
    .addHelpText(
      'after',
      '\nThe number counts until the next reload. Workers that are too many drain first.\n' +
        '\nExamples:\n  saola scale web 4\n  saola scale web +1\n  saola scale resizer -1',
    )
    .action(async (target: string, workers: string, options: TreeChoice) => {
      const { message } = await ask(options, 'scale', { target, workers })
      print(message)
    })
}
