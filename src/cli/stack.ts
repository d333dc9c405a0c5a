import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { print, printJson } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

interface StackOptions extends TreeChoice {
  readonly json?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('<worker>', 'the worker, such as web:0')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nShows what a worker does at this moment, also when its event loop is blocked.\nIt goes on unharmed.\n' +
        '\nExamples:\n  saola stack web:0',
    )
    .action(async (target: string, options: StackOptions) => {
      const answer = await ask(options, 'stack', { target })
      const head = `${target} (pid ${answer.pid})`
      if (options.json) printJson(answer)
      else print(...(answer.stack === '' ? [`${head} is idle`] : [head, answer.stack]))
    })
}
