import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { addTreeOptions, ask, workWaitMs } from './tree-options.ts'

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('<target>', 'an application or program (web), one process of it (web:1), or all')
    .addHelpText(
      'after',
      '\nReplaces workers one after the other, and loses no request. Of a program, the old process\n' +
        'ends before the new one begins. Starts what was stopped. The configuration in force stays:\n' +
        '"saola reload" reads it again.\n' +
        '\nExamples:\n  saola restart all\n  saola restart web:1\n  saola restart redis',
    )
    .action(async (target: string, options: TreeChoice) => {
      const { message } = await ask(options, 'restart', { target }, { timeoutMs: workWaitMs })
      print(`${target}: ${message}.`)
    })
}
