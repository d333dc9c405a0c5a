import type { Command } from 'commander'
import { printable } from '../base/printable.ts'
import { follow } from '../control/client.ts'
import type { TreeChoice } from './find-tree.ts'
import { requireName } from './known-names.ts'
import { lineCount } from './logs.ts'
import { print } from './terminal.ts'
import { addTreeOptions, treeSocket } from './tree-options.ts'

interface EventsOptions extends TreeChoice {
  readonly follow: boolean
  readonly lines?: string
}

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('[name]', 'an application or program (web), or one process of it (web:0)')
    .option('-n, --lines <number>', 'how many events of the past come first (default: 0)', lineCount)
    .option('--no-follow', 'end behind those, 100 by default')
    .addHelpText(
      'after',
      '\nOne JSON object a line for each change of state, and for what happens to the tree as a\n' +
        'whole: docs/reference/tree-events.md. Ends when the tree does. The last 1,000 are kept.\n' +
        '\nExamples:\n  saola events\n  saola events redis -n 10\n  saola events --no-follow' +
        '\n  saola events | jq --unbuffered -r \'select(.to == "FATAL") | .name\'',
    )
    .action(showEvents)
}

async function showEvents(name: string | undefined, options: EventsOptions): Promise<void> {
  const { follow: goesOn, lines } = options
  const socket = await treeSocket(options)
  if (name !== undefined) await requireName(socket, name)
  for await (const event of follow(socket, 'events', { name, lines, follow: goesOn }))
    print(printable(JSON.stringify(event)))
  if (goesOn) process.stderr.write('saola: the tree has ended.\n')
}
