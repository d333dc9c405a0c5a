import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { deserialize } from 'node:v8'
import { messageOf, ServerError } from '../base/errors.ts'
import { formatDuration } from '../base/units.ts'
import type { LoadRequest } from './config.ts'
import { configExtensions } from './find-file.ts'

/** A configuration that is not there after this time hangs. */
const loadTimeoutMs = 10_000

/** More than this is no configuration. */
const contentBytesMax = 16 * 1024 ** 2

/** What the process that evaluates a file (processes/read-config.ts) writes back. */
export type Evaluation =
  | { readonly ok: true; readonly value: unknown; readonly problems: readonly string[] }
  | { readonly ok: false; readonly message: string; readonly stack: string }

/** A configuration file as it was read, unchecked. */
export interface ConfigContent {
  readonly value: unknown
  readonly problems: readonly string[]
}

/**
 * Reads a configuration file. A program is evaluated in a process of its own, which then ends: so a file can be read
 * again after it, or anything that it imports, has changed; nothing of it stays in the supervisor's memory; and one that
 * hangs, also in a loop, is ended after 10 s. A process costs no more than a thread (both about 20 ms, measured), and
 * meanwhile this one loads the schema.
 *
 * @throws {ServerError} ERR_CONFIG_UNREADABLE when there is none, or it does not export anything.
 */
export async function readConfigFile(file: string, request: LoadRequest): Promise<ConfigContent> {
  if (!existsSync(file)) throw unreadable(file, 'no such file')
  if (extname(file) === '.json') return { value: await readJson(file), problems: [] }
  if (!configExtensions.includes(extname(file))) {
    throw unreadable(file, `expected a name that ends in ${configExtensions.join(', ')}`)
  }
  const evaluation = await evaluate(file, request)
  if (evaluation.ok) return evaluation
  const cause = new Error(evaluation.message)
  cause.stack = evaluation.stack
  throw unreadable(file, evaluation.message, cause)
}

async function readJson(file: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof value !== 'object' || value === null || !('$schema' in value)) return value
    // The one key that is for editors, not for us.
    const { $schema: _, ...rest } = value
    return rest
  } catch (error) {
    throw unreadable(file, messageOf(error), error)
  }
}

/** Runs the file in its own process, and gives what it exports. */
async function evaluate(file: string, { cwd, env, mode, timeoutMs = loadTimeoutMs }: LoadRequest): Promise<Evaluation> {
  const script = join(import.meta.dirname, '..', 'processes', `read-config${extname(import.meta.filename)}`)
  const child = spawn(process.execPath, [...flagsOfNode(), script, file, mode], {
    cwd,
    env,
    // What the file prints is for people: standard output may be somebody's JSON.
    stdio: ['ignore', 2, 2, 'pipe'],
  })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, timeoutMs)
  try {
    const [reply, exit] = await Promise.all([readReply(child), waitForEnd(child)])
    if (isLate) throw unreadable(file, `not evaluated after ${formatDuration(timeoutMs)}: does it wait for something?`)
    if (reply === undefined) throw unreadable(file, 'it exports more than 16 MB')
    if (reply.length === 0) throw unreadable(file, `its process ended (${exit}) before it exported anything`)
    return deserialize(reply) as Evaluation
  } finally {
    clearTimeout(timer)
  }
}

/** Loaders and conditions that this process was started with, such as `--import tsx`, count for the file, too. */
function flagsOfNode(): string[] {
  const isOwn = /^--(?:inspect|watch|test|cpu-prof|heap-prof)/
  const isProgram = /^(?:-p?e|-p|--eval|--print)$/
  return process.execArgv.filter(
    (flag, index, flags) => !isOwn.test(flag) && !isProgram.test(flag) && !isProgram.test(flags[index - 1] ?? ''),
  )
}

/** What comes over the pipe, or undefined when it is too much. */
async function readReply(child: ChildProcess): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  const pipe = child.stdio[3]
  if (!(pipe instanceof Readable)) return Buffer.alloc(0)
  for await (const chunk of pipe) {
    bytes += chunk.length
    if (bytes <= contentBytesMax) chunks.push(chunk)
  }
  return bytes > contentBytesMax ? undefined : Buffer.concat(chunks)
}

function waitForEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`))
  })
}

function unreadable(file: string, reason: string, cause?: unknown): ServerError {
  return new ServerError('ERR_CONFIG_UNREADABLE', `Cannot load the configuration ${file} (${reason}).`, { cause })
}
