import { setTimeout as pause } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { formatDuration, parseDuration } from '../base/units.ts'
import { call, follow } from '../control/client.ts'
import type { ChildStatus } from '../control/operations.ts'
import type { TreeChoice } from './find-tree.ts'
import { print } from './terminal.ts'
import { addTreeOptions, treeSocket } from './tree-options.ts'

interface StopOptions extends TreeChoice {
  readonly quick?: boolean
  /** In milliseconds. */
  readonly timeout: number
}

const timeoutDefault = '5m'
const pollMs = 50
// The supervisor writes out its last lines when its control socket is closed already.
const lastLinesMs = 5_000

export function define(command: Command): void {
  addTreeOptions(command)
    .argument(
      '[target]',
      'an application or program (web), one process of it (web:1), or all; without it, the whole tree',
    )
    .option('--quick', 'do not wait for requests in flight; only for the whole tree')
    .option('--timeout <duration>', 'wait so long for the end', duration, parseDuration(timeoutDefault))
    .addHelpText(
      'after',
      '\nEnds when what was asked to stop is gone. Workers answer what is in flight first,\n' +
        'for graceful.timeout at most; programs have their stopTimeout. What was stopped stays so\n' +
        'until "saola start NAME". A program that does not run is left as it is.\n' +
        '\nExamples:\n  saola stop\n  saola stop --quick\n  saola stop web:1\n  saola stop redis',
    )
    .configureHelp({ optionDescription: describe })
    .action(async (target: string | undefined, options: StopOptions) => {
      const socket = await treeSocket(options)
      await (target === undefined ? stopTree(socket, options) : stopPlaces(socket, target, options))
    })
}

function describe({ long, description }: { long?: string; description: string }): string {
  return long === '--timeout' ? `${description} (default: ${timeoutDefault})` : description
}

function duration(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new InvalidArgumentError(`${messageOf(error)}.`)
  }
}

async function stopTree(socket: string, { quick = false, timeout }: StopOptions): Promise<void> {
  const { name, pid } = await call(socket, 'status', {})
  // A stream of its log ends with the tree, however that ends.
  const watch = new AbortController()
  const end = endOfTree(socket, watch.signal)
  await call(socket, 'stop', { quick })
  const isGone = await Promise.race([end.then(() => true), pause(timeout, false, { signal: watch.signal })])
  watch.abort()
  if (!isGone) throw tooLate(name, timeout, quick ? '' : ' Use "saola stop --quick" to end it now.')
  await endOfProcess(pid)
  print(`${name} has stopped.`)
}

async function endOfTree(socket: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _line of follow(socket, 'logs', { source: 'saola', lines: '0', follow: true }, signal)) {
      // Only the end counts.
    }
  } catch (error) {
    // It was gone before it could be watched.
    if (!(error instanceof ServerError) || error.code !== 'ERR_NOT_RUNNING') throw error
  }
}

async function endOfProcess(pid: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < lastLinesMs && isAlive(pid); waitedMs += pollMs) await pause(pollMs)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

async function stopPlaces(socket: string, target: string, { quick, timeout }: StopOptions): Promise<void> {
  if (quick) throw new ServerError('ERR_USAGE', '--quick expected no target: it is for the whole tree.')
  const before = await pidsOf(socket, target)
  const { isIdle, message } = await call(socket, 'stop', { target })
  if (isIdle && before.length === 0) return print(`${message}.`)
  for (let waitedMs = 0; (await pidsOf(socket, target)).some(pid => before.includes(pid)); waitedMs += pollMs) {
    if (waitedMs >= timeout) throw tooLate(target, timeout, '')
    await pause(pollMs)
  }
  print(`${target} has stopped. "saola start ${target}" starts it again.`)
}

/** The processes that a target means: `web`, `web:1` or `all`, which is not the store. */
async function pidsOf(socket: string, target: string): Promise<number[]> {
  const { children } = await call(socket, 'status', {})
  const isMeant = ({ name, app, kind }: ChildStatus) =>
    target === 'all' ? kind !== 'store' : target === app || target === name
  const meant = children.filter(isMeant)
  return meant.flatMap(({ pid }) => pid ?? [])
}

function tooLate(what: string, timeoutMs: number, advice: string): ServerError {
  return new ServerError('ERR_STOP_TIMEOUT', `${what} is still stopping after ${formatDuration(timeoutMs)}.${advice}`)
}
