import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import type { CachePurgeInput } from '../control/operations.ts'
import { formatMemory } from './figures.ts'
import type { TreeChoice } from './find-tree.ts'
import { formatTable } from './table.ts'
import { columns, painter, print, printJson } from './terminal.ts'
import { addTreeOptions, ask } from './tree-options.ts'

interface CacheOptions extends TreeChoice {
  readonly app?: string
  readonly json?: boolean
}

interface PurgeOptions extends CacheOptions {
  readonly tag?: string
  readonly prefix?: string
  readonly all?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command.command('purge').description('forget a path, or what is chosen, in all workers'))
    .argument('[path]', 'the path as it is after decoding, without its query')
    .option('--prefix <path>', 'this path and all below it')
    .option('--tag <name>', 'all answers that had it in Cache-Tag or Surrogate-Key')
    .option('--all', 'everything')
    .option('--app <name>', 'only of this application')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nWhen it ends, no worker serves what was fetched before.\n' +
        '\nExamples:\n  saola cache purge /todo\n  saola cache purge --prefix /blog\n  saola cache purge --tag product-7',
    )
    .action(purge)
  addTreeOptions(command.command('stats').description('hits and misses of each worker, and what it keeps'))
    .option('--app <name>', 'only of this application')
    .option('--json', 'print the answer as JSON')
    .action(stats)
}

async function purge(path: string | undefined, options: PurgeOptions): Promise<void> {
  const { app } = options
  const answer = await ask(options, 'cachePurge', { ...chosen(path, options), ...(app === undefined ? {} : { app }) })
  if (options.json) printJson(answer)
  else print(`Forgotten by ${answer.workers.join(', ')}.`)
}

function chosen(path: string | undefined, { prefix, tag, all }: PurgeOptions): CachePurgeInput {
  const choices: CachePurgeInput[] = []
  if (path !== undefined) choices.push({ kind: 'path', value: path })
  if (prefix !== undefined) choices.push({ kind: 'prefix', value: prefix })
  if (tag !== undefined) choices.push({ kind: 'tag', value: tag })
  if (all) choices.push({ kind: 'all' })
  const [choice] = choices
  if (choice && choices.length === 1) return choice
  throw new ServerError(
    'ERR_USAGE',
    `cache purge expected one of <path>, --prefix, --tag and --all, got ${choices.length}.`,
  )
}

async function stats(options: CacheOptions): Promise<void> {
  const { workers } = await ask(options, 'cacheStats', options.app === undefined ? {} : { app: options.app })
  if (options.json) return printJson({ workers })
  const numbers = ['HITS', 'STALE', 'MISSES', 'PASSES', 'ADDRESSES', 'MEMORY'].map(title => ({
    title,
    align: 'right' as const,
  }))
  const rows = workers.map(({ worker, hits, stale, misses, passes, addresses, bytes }) => [
    ...[worker, ...[hits, stale, misses, passes, addresses].map(String), formatMemory(bytes)],
  ])
  print(...formatTable({ columns: [{ title: 'NAME' }, ...numbers], rows, width: columns(), paint: painter() }))
}
