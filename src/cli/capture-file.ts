/** Takes a profile or a heap snapshot from a running tree into a file, which is there when it is whole, or not at all. */
import { lstatSync, type Stats } from 'node:fs'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { follow } from '../control/client.ts'
import type { CaptureLine, OperationTypes } from '../control/operations.ts'
import type { TreeChoice } from './find-tree.ts'
import { print, printJson } from './terminal.ts'
import { treeSocket } from './tree-options.ts'

export interface CaptureOptions extends TreeChoice {
  readonly output?: string
  readonly force?: boolean
  readonly json?: boolean
}

/** What file systems say that have no links, those of memory cards, say. */
const hasNoLinks: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

type CaptureName = 'profile' | 'heap'

interface CaptureRun<Name extends CaptureName> {
  readonly operation: Name
  readonly target: string
  readonly input: OperationTypes[Name]['input']
  /** Of the name of the file. */
  readonly ending: string
  readonly options: CaptureOptions
  /** What is said when it begins, and when it is there. */
  begun(pid: number): string
  taken(tookMs: number): string
}

interface Taken {
  readonly pid: number
  readonly tookMs: number
  readonly bytes: number
}

export function addCaptureOptions(command: Command): Command {
  return command
    .argument('<worker>', 'the process, such as web:0, tasks:io:0 or store:0')
    .option('-o, --output <file>', 'where it is written; by default into this folder, named after worker and time')
    .option('-f, --force', 'replace the file if it is there')
    .option('--json', 'print the result as JSON')
}

/** @throws {ServerError} ERR_FILE_EXISTS, ERR_FILE_NOT_WRITTEN, and what the tree refuses it with. Then no file is left. */
export async function saveCapture<Name extends CaptureName>(run: CaptureRun<Name>): Promise<void> {
  const { target, ending, options } = run
  const file = resolve(options.output ?? fileNameOf(target, ending, new Date()))
  checkPlace(file, options.force === true)
  const socket = await treeSocket(options)
  const partial = await PartialFile.create(file)
  try {
    const taken = await underInterrupts(signal => receive(socket, run, partial, signal))
    await partial.finish(options.force === true)
    if (options.json) printJson({ worker: target, file, ...taken })
    else print(file, run.taken(taken.tookMs))
  } catch (error) {
    await partial.discard()
    throw error
  }
}

/** What is no regular file, such as /dev/null or a link, would be replaced by one. */
function checkPlace(file: string, mayReplace: boolean): void {
  const found = statsOf(file)
  if (found && !found.isFile()) throw notWritten(file, new Error('no regular file'))
  if (found && !mayReplace) throw alreadyThere(file)
}

function statsOf(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false })
  } catch (error) {
    throw notWritten(file, error)
  }
}

/** `web-2-20261121-233000.cpuprofile`, in local time. */
function fileNameOf(target: string, ending: string, at: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`
  const time = `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
  return `${target.replaceAll(/[^\w.-]/g, '-')}-${day}-${time}.${ending}`
}

async function receive<Name extends CaptureName>(
  socket: string,
  { operation, target, input, options, begun }: CaptureRun<Name>,
  file: PartialFile,
  signal: AbortSignal,
): Promise<Taken> {
  let pid = 0
  let tookMs = 0
  // What an operation answers is known by its name; both of these answer the same.
  const lines = follow(socket, operation, input, signal) as AsyncGenerator<CaptureLine>
  for await (const line of lines) {
    if (line.type === 'begun') {
      pid = line.pid
      // To standard error: what is printed at the end is for programs, too.
      if (!options.json) process.stderr.write(`${begun(pid)}\n`)
    } else if (line.type === 'captured') tookMs = line.tookMs
    else if (line.type === 'data') await file.write(Buffer.from(line.base64, 'base64'))
    else if (line.type === 'failed') throw new ServerError('ERR_CONTROL_REFUSED', line.message)
    else if (line.bytes === file.bytes) return { pid, tookMs, bytes: line.bytes }
  }
  signal.throwIfAborted()
  throw new ServerError('ERR_CONTROL_UNREACHABLE', `The tree ended before all of ${target} was here. Nothing was kept.`)
}

/** A Ctrl-C ends the work in order: the tree hears that nobody waits, and the file is removed. A second one ends it at once. */
async function underInterrupts<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController()
  const end = (signal: NodeJS.Signals) => {
    abort.abort(new ServerError('ERR_INTERRUPTED', `It was ended by ${signal}. Nothing was kept.`))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, end)
  try {
    return await work(abort.signal)
  } finally {
    for (const signal of signals) process.off(signal, end)
  }
}

/** A file beside the one that it becomes, which only its owner may read. */
class PartialFile {
  readonly #target: string
  readonly #path: string
  readonly #handle: FileHandle
  bytes = 0

  static async create(target: string): Promise<PartialFile> {
    const path = join(dirname(target), `.${basename(target)}.${process.pid}.partial`)
    try {
      return new PartialFile(target, path, await open(path, 'wx', 0o600))
    } catch (error) {
      throw notWritten(target, error)
    }
  }

  private constructor(target: string, path: string, handle: FileHandle) {
    this.#target = target
    this.#path = path
    this.#handle = handle
  }

  async write(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.writeFile(bytes)
    } catch (error) {
      throw notWritten(this.#target, error)
    }
    this.bytes += bytes.length
  }

  /** Gives it its name. */
  async finish(mayReplace: boolean): Promise<void> {
    try {
      await this.#handle.close()
      if (mayReplace) await rename(this.#path, this.#target)
      else await this.#nameIfFree()
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? alreadyThere(this.#target) : notWritten(this.#target, error)
    }
  }

  /** Unlike a rename, a link does not replace what somebody else has put there meanwhile. */
  async #nameIfFree(): Promise<void> {
    try {
      await link(this.#path, this.#target)
      await rm(this.#path)
    } catch (error) {
      if (!hasNoLinks.has(codeOf(error))) throw error
      await rename(this.#path, this.#target)
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#path, { force: true })
  }
}

function alreadyThere(file: string): ServerError {
  return new ServerError(
    'ERR_FILE_EXISTS',
    `${file} is there already. Choose another with -o, or replace it with --force.`,
  )
}

function notWritten(file: string, error: unknown): ServerError {
  const reason = codeOf(error) ?? messageOf(error)
  const message = `Cannot write ${file} (${reason}). Choose another place with -o.`
  return new ServerError('ERR_FILE_NOT_WRITTEN', message, { cause: error })
}
