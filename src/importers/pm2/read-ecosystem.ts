import { type ChildProcess, spawn } from 'node:child_process'
import { extname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { formatDuration } from '../../base/units.ts'
import { readSource, unreadable } from '../read-source.ts'
import { type LocatedKeys, locateKeys } from './locate-keys.ts'

/** A file that is not evaluated after this time hangs. */
const timeoutDefaultMs = 10_000

/** More than this is no configuration. */
const replyBytesMax = 4 * 1024 ** 2
const appsMax = 500

/** One application as the file has it. */
export type RawApp = Readonly<Record<string, unknown>>

/** What an ecosystem file says. */
export interface Ecosystem {
  readonly apps: readonly RawApp[]
  /** What stands beside `apps`. */
  readonly others: Readonly<Record<string, unknown>>
  readonly lines: LocatedKeys
}

type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string }

/**
 * Reads an ecosystem file as PM2 does: JavaScript is evaluated, in a process of its own, which is ended after 10 s.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE
 */
export async function readEcosystem(
  file: string,
  cwd: string,
  { timeoutMs = timeoutDefaultMs }: { readonly timeoutMs?: number } = {},
): Promise<Ecosystem> {
  const path = resolve(cwd, file)
  const source = readSource(path)
  if (/\.ya?ml$/.test(path)) {
    const advice = `npx js-yaml ${file} > ecosystem.json, and import that`
    throw unreadable(file, `YAML is not read. Make JSON of it: ${advice}`)
  }
  if (!/\.(?:json|[cm]?[jt]s)$/.test(path))
    throw unreadable(file, 'expected a name that ends in .js, .cjs, .mjs or .json')
  const data = path.endsWith('.json') ? parseJson(source) : undefined
  const value = data ? data.value : await evaluate(path, { file, cwd, timeoutMs })
  return ecosystemOf(value, file, source)
}

/** JSON as it should be; undefined when it is what PM2 takes for JSON, too, which is JavaScript. */
function parseJson(source: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(source) }
  } catch {
    return undefined
  }
}

function ecosystemOf(value: unknown, file: string, source: string): Ecosystem {
  const root = isObject(value) ? value : {}
  const { apps = root.pm2, ...others } = root
  const isAlone = apps === undefined && ('script' in root || 'cmd' in root || 'command' in root)
  const list = Array.isArray(value) ? value : isAlone ? [root] : [apps].flat()
  const found = list.filter(isObject)
  if (found.length === 0) throw unreadable(file, 'it exports no apps')
  if (found.length > appsMax) throw unreadable(file, `it has ${found.length} apps, and ${appsMax} are the most`)
  return { apps: found, others: isAlone ? {} : others, lines: locateKeys(source, found.length) }
}

interface Evaluation {
  readonly file: string
  readonly cwd: string
  readonly timeoutMs: number
}

async function evaluate(path: string, { file, cwd, timeoutMs }: Evaluation): Promise<unknown> {
  const script = join(import.meta.dirname, '..', '..', 'processes', `read-ecosystem${extname(import.meta.filename)}`)
  // What the file prints is for people: standard output may be somebody's configuration.
  const child = spawn(process.execPath, ['--max-old-space-size=256', script, path], {
    cwd,
    stdio: ['ignore', 2, 'ignore', 'pipe'],
  })
  const late = { isLate: false }
  const timer = setTimeout(() => {
    late.isLate = true
    child.kill('SIGKILL')
  }, timeoutMs)
  try {
    const [text, exit] = await Promise.all([readReply(child), waitForEnd(child)])
    if (late.isLate)
      throw unreadable(file, `not evaluated after ${formatDuration(timeoutMs)}: does it wait for something?`)
    if (text === undefined) throw unreadable(file, 'it exports more than 4 MB')
    if (text === '') throw unreadable(file, `its process ended (${exit}) before it exported anything`)
    const reply = JSON.parse(text) as Reply
    if (reply.ok) return reply.value
    throw unreadable(file, reply.message)
  } finally {
    clearTimeout(timer)
  }
}

/** What comes over the pipe, or undefined when it is too much. */
async function readReply(child: ChildProcess): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  const pipe = child.stdio[3]
  if (!(pipe instanceof Readable)) return ''
  for await (const chunk of pipe) {
    bytes += chunk.length
    if (bytes <= replyBytesMax) chunks.push(chunk)
  }
  return bytes > replyBytesMax ? undefined : Buffer.concat(chunks).toString()
}

function waitForEnd(child: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => settle(signal ? `killed by ${signal}` : `exit code ${code}`))
  })
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
