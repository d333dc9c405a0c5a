import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { deserialize } from 'node:v8'
import { type ErrorCode, ServerError } from '../base/errors.ts'
import { formatDuration } from '../base/units.ts'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { configExtensions } from './find-file.ts'

/** A configuration that is not there after this time hangs. */
const loadTimeoutMs = 10_000

/** More than this is no configuration. */
const contentBytesMax = 16 * 1024 ** 2

/** What the process that reads a file (processes/read-config.ts) writes back. */
export type Reading =
  | { readonly ok: true; readonly loaded: LoadedConfig }
  | {
      readonly ok: false
      readonly code: ErrorCode
      readonly message: string
      readonly problems: readonly string[]
      readonly stack: string
    }

/**
 * Reads a configuration file and makes a configuration of it, in a process of its own, which then ends: so a file can be
 * read again after it, or anything that it imports, has changed; one that hangs, also in a loop, is ended after 10 s; and
 * neither the file nor the schema stays in the memory of the supervisor (14 MB, measured).
 *
 * @throws {ServerError} ERR_CONFIG_UNREADABLE when there is none, or it does not export anything; ERR_CONFIG_INVALID with
 *   every problem in it.
 */
export async function readConfigFile(file: string, request: LoadRequest): Promise<LoadedConfig> {
  if (!existsSync(file)) throw unreadable(file, 'no such file')
  if (!configExtensions.includes(extname(file))) {
    throw unreadable(file, `expected a name that ends in ${configExtensions.join(', ')}`)
  }
  const reading = await readElsewhere(file, request)
  if (reading.ok) return reading.loaded
  const { code, message, problems, stack } = reading
  const cause = new Error(message)
  cause.stack = stack
  throw new ServerError(code, message, { problems, ...(stack === '' ? {} : { cause }) })
}

async function readElsewhere(file: string, request: LoadRequest): Promise<Reading> {
  const { env, timeoutMs = loadTimeoutMs, ...rest } = request
  const script = join(import.meta.dirname, '..', 'processes', `read-config${extname(import.meta.filename)}`)
  const child = spawn(process.execPath, [...flagsOfNode(), script, file, JSON.stringify(rest)], {
    cwd: request.cwd,
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
    return deserialize(reply) as Reading
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

/** The error of a file from which nothing can be had. */
export function unreadable(file: string, reason: string, cause?: unknown): ServerError {
  return new ServerError('ERR_CONFIG_UNREADABLE', `Cannot load the configuration ${file} (${reason}).`, { cause })
}
