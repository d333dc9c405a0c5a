import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { addTreeOptions, ask, workWaitMs } from './tree-options.ts'

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('<target>', 'an application (web), one worker (web:1), or all')
    .addHelpText(
      'after',
      '\nReplaces workers one after the other, and loses no request; starts those that were\n' +
        'stopped. The configuration in force stays: "saola reload" reads it again.\n' +
        '\nExamples:\n  saola restart all\n  saola restart web:1',
    )
    .action(async (target: string, options: TreeChoice) => {
      const { message } = await ask(options, 'restart', { target }, { timeoutMs: workWaitMs })
      print(`${target}: ${message}.`)
    })
}
