import type { Command } from 'commander'
import { messageOf } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import type { TreeChoice } from './find-tree.ts'
import { renderStatus } from './status-view.ts'
import type { TaskViewOptions } from './task-view.ts'
import { columns, painter, print, printJson } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

const storePatienceMs = 2_000

interface StatusOptions extends TreeChoice {
  readonly json?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command)
    .option('--json', 'print everything that is known, as JSON')
    .addHelpText('after', '\nExamples:\n  saola status\n  saola status --json\n  saola status --name shop')
    .action(async (options: StatusOptions) => {
      const status = await ask(options, 'status', {})
      if (options.json) return printJson(status)
      const view = { width: columns(), paint: painter(), now: new Date(), cwd: process.cwd() }
      print(...renderStatus(status, view))
      // Last, and not at all in a tree without tasks: the store may take a while.
      if (status.children.some(({ kind }) => kind === 'tasks')) print(...(await queueLines(options, view)))
    })
}

/** Of the tree's store. A tree that is looked at because something is wrong may have none that answers. */
async function queueLines(options: StatusOptions, view: TaskViewOptions): Promise<string[]> {
  const [{ placeOf }, { withTasks }, { renderQueues }] = await Promise.all([
    import('./store-place.ts'),
    import('../processes/task-commands.ts'),
    import('./task-overview.ts'),
  ])
  try {
    const place = { ...(await placeOf(options)), timeoutMs: storePatienceMs }
    const queues = await withTasks(place, ({ engine }) => engine.queues())
    return queues.length === 0 ? [] : ['', ...renderQueues(queues, view)]
  } catch (error) {
    return ['', `The queues are not known: ${printable(messageOf(error))}`]
  }
}
