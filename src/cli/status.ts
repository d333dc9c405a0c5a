import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { renderStatus } from './status-view.ts'
import { columns, painter, print, printJson } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

interface StatusOptions extends TreeChoice {
  readonly json?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command)
    .option('--json', 'print everything that is known, as JSON')
    .addHelpText('after', '\nExamples:\n  saola status\n  saola status --json\n  saola status --name shop')
    .action(async (options: StatusOptions) => {
      const status = await ask(options, 'status', {})
      if (options.json) printJson(status)
      else print(...renderStatus(status, { width: columns(), paint: painter(), now: new Date(), cwd: process.cwd() }))
    })
}
