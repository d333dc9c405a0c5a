/** `saola tasks`: its commands. What each does is in task-actions.ts. */
import { type Command, InvalidArgumentError } from 'commander'
import type { TaskOptions } from './task-options.ts'
import { addTreeOptions } from './tree-options.ts'

interface TaskCommand {
  readonly usage: string
  readonly summary: string
  readonly options?: readonly (keyof typeof optionRows)[]
  readonly help?: string
}

const optionRows = {
  state: ['--state <state...>', 'scheduled, ready, blocked, waiting, active, done, dead or cancelled'],
  task: ['--task <name>', 'only of this task'],
  queue: ['--queue <name>', 'only of this queue'],
  limit: ['--limit <number>', 'the most jobs (default: 50)'],
  all: ['--all', 'all that are dead, or those of --task and --queue'],
  yes: ['-y, --yes', 'without asking'],
  wait: ['--wait', 'until it has ended: prints its result; the exit code is 1 when it has none'],
  delay: ['--delay <duration>', 'not before so long, such as 5m'],
  priority: ['--priority <number>', '0 to 9, the smallest first'],
  key: ['--key <name=key...>', 'where its code makes it of the input: concurrency=, rateLimit= or unique='],
} as const

const filters = ['task', 'queue'] as const

const commands: readonly TaskCommand[] = [
  { usage: 'list', summary: 'jobs, the newest first', options: ['state', ...filters, 'limit'] },
  { usage: 'show <id>', summary: 'all that is known of a job: input, result, error' },
  {
    usage: 'run <name> [json]',
    summary: 'enqueue a job of a task, with an input as JSON; - reads it from standard input',
    options: ['wait', 'delay', 'priority', 'key'],
    help:
      '\nPrints the id. With --wait, Ctrl-C ends the waiting, and not the job.\n' +
      `\nExamples:\n  saola tasks run email.send '{"to":"ann@example.org"}' --wait\n  saola tasks run report - < input.json`,
  },
  { usage: 'retry [ids...]', summary: 'let dead or cancelled jobs run again', options: ['all', ...filters] },
  { usage: 'cancel <ids...>', summary: 'cancel jobs; those that run are told to stop' },
  { usage: 'pause <queue>', summary: 'begin nothing more of a queue; what runs goes on' },
  { usage: 'resume <queue>', summary: 'begin jobs of a queue again' },
  { usage: 'dead', summary: 'jobs that were given up, and why', options: [...filters, 'limit'] },
  {
    usage: 'purge [ids...]',
    summary: 'remove jobs that have ended; by default those that are done',
    options: ['state', ...filters, 'yes'],
    help: '\nExamples:\n  saola tasks purge --yes\n  saola tasks purge --state dead --task email.send',
  },
  { usage: 'schedules', summary: 'what runs again and again, and when next' },
  { usage: 'stats', summary: 'how many jobs there are, by state and by queue' },
  { usage: 'workers', summary: 'the processes that run jobs, and their tasks' },
]

export function define(command: Command): void {
  command.addHelpText(
    'after',
    '\nThe jobs are those in the store of the tree that runs here, or of the configuration here.\n' +
      '\nExamples:\n  saola tasks stats\n  saola tasks list --state active scheduled\n  saola tasks dead\n' +
      '  saola tasks retry --all --task email.send',
  )
  for (const { usage, summary, options = [], help } of commands) {
    const own = addTreeOptions(command.command(usage).description(summary))
      .option('--dir <dir>', 'the folder of the store')
      .option('--json', 'as JSON')
    for (const name of options) {
      const [flags, description] = optionRows[name]
      if (name === 'limit' || name === 'priority') own.option(flags, description, wholeNumber)
      else own.option(flags, description)
    }
    if (help) own.addHelpText('after', help)
    // Commander gives each argument, then the options, then the command.
    own.action(async (...all: unknown[]) => {
      const args = (all.slice(0, -2).flat() as (string | undefined)[]).filter(argument => argument !== undefined)
      const { runTaskAction } = await import('./task-actions.ts')
      await runTaskAction(own.name(), args, all.at(-2) as TaskOptions)
    })
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number.')
  return Number(text)
}
