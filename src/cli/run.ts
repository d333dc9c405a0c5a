/** `saola run`: one entry of the section `cron`, now. */
import { constants } from 'node:os'
import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { findConfigFile } from '../config/find-file.ts'
import { follow } from '../control/client.ts'
import type { CronResult, RunInput, RunLine } from '../control/operations.ts'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { addTreeOptions, treeSocket } from './tree-options.ts'

interface RunOptions extends TreeChoice {
  readonly detach?: boolean
}

const interruptedExitCode = 130
// As a shell says it of a command that it cannot start.
const unstartedExitCode = 127

export function define(command: Command): void {
  addTreeOptions(command)
    .argument('<entry>', 'its name in the section cron')
    .argument('[args...]', 'behind --: further words of its command, or args of its module')
    .option('--detach', 'do not wait for its end')
    .addHelpText(
      'after',
      '\nPrints what it prints, and ends with its exit code. A Ctrl-C leaves it to the tree, and it goes on.\n' +
        'Without a tree it is run by this command itself.\n' +
        '\nExamples:\n  saola run cleanup\n  saola run cleanup --detach\n  saola run report -- --month 2026-11',
    )
    .action(run)
}

async function run(name: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { detach = false } = options
  const input = { name, args, detach }
  const socket = await socketOf(options)
  if (socket === undefined) return runAlone(input, options)
  const leave = () => {
    process.stderr.write(`\nNot waited for any more; ${name} goes on: saola logs cron:${name} -f\n`)
    process.exit(interruptedExitCode)
  }
  process.once('SIGINT', leave)
  let last: RunLine | undefined
  for await (const line of follow(socket, 'run', input)) {
    last = line
    show(input, line)
  }
  process.off('SIGINT', leave)
  if (detach || last?.type === 'ended' || last?.type === 'refused') return
  throw new ServerError('ERR_CONTROL_UNREACHABLE', `The tree has ended before it said how ${name} did.`)
}

/** Undefined: no tree runs here, and the entry can be run without one. */
async function socketOf(options: RunOptions): Promise<string | undefined> {
  try {
    return await treeSocket(options)
  } catch (error) {
    const isAbsent = error instanceof ServerError && error.code === 'ERR_NOT_RUNNING'
    const hasConfig = options.config !== undefined || findConfigFile(process.cwd()) !== undefined
    if (!isAbsent || !hasConfig || options.detach) throw error
    return undefined
  }
}

async function runAlone(input: RunInput, { config: file, name }: RunOptions): Promise<void> {
  const [{ loadConfig }, { runCronAlone }] = await Promise.all([
    import('../config/load.ts'),
    import('../processes/run-cron.ts'),
  ])
  const { config } = await loadConfig({ cwd: process.cwd(), file, flags: { name }, env: process.env, mode: 'start' })
  const alone = runCronAlone(config, input, line => show(input, line))
  process.stderr.write(`saola: no tree runs here; ${input.name} runs by itself.\n`)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => alone.stop())
}

/** Its lines go where they went, so that a pipe gets what the command prints. */
function show({ name, detach }: RunInput, line: RunLine): void {
  switch (line.type) {
    case 'line':
      if (line.stream === 'stdout') print(line.message)
      else process.stderr.write(`${line.message}\n`)
      return
    case 'waiting':
      return tell(`${name} runs already; this run begins when that is over.`)
    case 'started':
      if (detach) print(`${name} runs (pid ${line.pid}). See "saola logs cron:${name} -f".`)
      return
    case 'gap':
      return tell(`${line.lines} lines were left out: they came faster than they were read.`)
    case 'refused':
      throw new ServerError('ERR_CONTROL_REFUSED', line.message)
    case 'ended':
      process.exitCode = exitCodeOf(line.result)
      if (!line.result.ok) tell(`${name} failed: ${printable(line.result.reason ?? '')}`)
  }
}

function tell(text: string): void {
  process.stderr.write(`saola: ${text}\n`)
}

/** That of the command; what has failed in spite of a 0, by its time limit, does not count as a success here. */
function exitCodeOf({ ok, code, signal }: CronResult): number {
  if (code !== undefined) return code === 0 && !ok ? 1 : code
  return signal === undefined ? unstartedExitCode : 128 + constants.signals[signal as NodeJS.Signals]
}
