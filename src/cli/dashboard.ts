import type { Command } from 'commander'
import type { TreeChoice } from './find-tree.ts'
import { print, printJson } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

interface DashboardOptions extends TreeChoice {
  readonly json?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command)
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nPrints an address that signs in once, within 24 hours. Whoever has it can operate the tree.\n' +
        '\nExamples:\n  saola dashboard\n  saola dashboard --name shop',
    )
    .action(async (options: DashboardOptions) => {
      const answer = await ask(options, 'dashboardLink', {})
      if (options.json) return printJson(answer)
      print(answer.url)
      // Only on a socket, or on one that was passed: the address is for whoever brings it to a port.
      const isElsewhere = !answer.listen.some(label => /^[^/]*:\d+$/.test(label))
      if (isElsewhere) process.stderr.write(`It listens on ${answer.listen.join(', ')}: bring that to a port first.\n`)
    })
}
