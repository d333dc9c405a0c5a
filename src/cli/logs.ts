import { type Command, InvalidArgumentError } from 'commander'
import { localTime } from '../base/log.ts'
import { follow } from '../control/client.ts'
import type { LogLine } from '../control/operations.ts'
import type { TreeChoice } from './find-tree.ts'
import { requireName } from './known-names.ts'
import { type Paint, painter, print } from './terminal.ts'
import { addTreeOptions, treeSocket } from './tree-options.ts'

interface LogsOptions extends TreeChoice {
  readonly follow?: boolean
  readonly lines?: string
  readonly json?: boolean
}

/** The name under which the tree keeps its own log. */
const ownSource = 'saola'

export function define(command: Command): void {
  addTreeOptions(command)
    .argument(
      '[name]',
      'an application or program (web), one process of it (web:0), cron:NAME, or saola for its own log',
    )
    .option('-f, --follow', 'go on with the lines to come, until the tree ends')
    .option('-n, --lines <number>', 'how many lines of the past (default: 100)', lineCount)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  saola logs\n  saola logs web:0 -n 20\n  saola logs redis -f\n  saola logs web -f --json',
    )
    .action(showLogs)
}

export function lineCount(text: string): string {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a number of lines such as 20.')
  return text
}

async function showLogs(name: string | undefined, options: LogsOptions): Promise<void> {
  const { follow: goesOn = false, lines, json = false } = options
  const socket = await treeSocket(options)
  // What nobody will ever write to must not be waited for.
  if (name !== undefined) await requireName(socket, name, [ownSource])
  const format = json ? (line: LogLine) => JSON.stringify(line) : createFormat(painter())
  for await (const line of follow(socket, 'logs', { source: name, lines, follow: goesOn })) print(format(line))
  if (goesOn) process.stderr.write('saola: the tree has ended.\n')
}

/** `2026-11-21 01:20:14.123 web:0 | text`, with the names in one column. */
export function createFormat(paint: Paint): (line: LogLine) => string {
  let width = 0
  return ({ time, source, stream, message }) => {
    width = Math.max(width, source.length)
    const bar = paint(stream === 'stderr' ? 'red' : 'dim', '|')
    // A record of Saola's own log begins with its time, too.
    const text = stream === 'log' ? message.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /, '') : message
    return `${paint('dim', localTime(new Date(time)))} ${source.padEnd(width)} ${bar} ${text}`
  }
}
