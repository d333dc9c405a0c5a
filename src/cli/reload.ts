import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import { formatChange } from '../config/diff.ts'
import type { ConfigChange, ReloadAnswer } from '../control/operations.ts'
import { formatAge } from './figures.ts'
import type { TreeChoice } from './find-tree.ts'
import { print, printJson } from './terminal.ts'
import { addTreeOptions, ask, workWaitMs } from './tree-options.ts'

interface ReloadOptions extends TreeChoice {
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command): void {
  addTreeOptions(command)
    .option('--wait', 'end when the last worker was replaced; not zero, and with the reason, when that failed')
    .option('--dry-run', 'only print what would change')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nThe configuration is checked first: one that is wrong changes nothing. New workers\n' +
        'must become ready before old ones are drained, so no request is lost.\n' +
        '\nExamples:\n  saola reload --dry-run\n  saola reload --wait && echo deployed',
    )
    .action(reload)
}

async function reload(options: ReloadOptions): Promise<void> {
  const { wait = false, dryRun = false, json = false } = options
  const answer = await ask(options, 'reload', { dryRun, wait }, { timeoutMs: workWaitMs })
  for (const warning of answer.warnings) process.stderr.write(`saola: warning: ${warning}\n`)
  const refused = answer.changes.filter(change => change.effect === 'refused').map(change => change.path)
  if (json) {
    printJson(answer)
    if (answer.outcome?.ok === false || refused.length > 0) process.exitCode = 1
    return
  }
  print(...answer.changes.map(formatChange))
  if (dryRun) reportDryRun(answer.changes, refused)
  else reportOutcome(answer)
}

function reportDryRun(changes: readonly ConfigChange[], refused: readonly string[]): void {
  if (refused.length > 0) {
    const message = `${refused.join(', ')} cannot change in a reload: it would be refused. Stop the tree and start it again.`
    throw new ServerError('ERR_CONTROL_REFUSED', message)
  }
  if (changes.length === 0) print('The configuration has not changed. A reload would replace every worker.')
}

function reportOutcome({ outcome }: ReloadAnswer): void {
  if (outcome?.ok === false) throw new ServerError('ERR_RELOAD_FAILED', outcome.message)
  if (!outcome)
    print('The configuration is right; the workers are being replaced. "saola status" shows what became of it.')
  else print(`Generation ${outcome.generation}: ${outcome.message} in ${formatTime(outcome.durationMs)}.`)
}

function formatTime(ms: number): string {
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}s` : formatAge(ms)
}
