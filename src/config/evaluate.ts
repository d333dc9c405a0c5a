import { readFile } from 'node:fs/promises'
import module, { type ResolveHookContext } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { codeOf, messageOf } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { type MissingVariables, missingVariables } from './define.ts'
import { unreadable } from './file.ts'
import { formatPath } from './format-path.ts'

/** Deeper than any section: what goes on below is no configuration. */
const depthMax = 12

/** A configuration file as it was evaluated, unchecked. */
export interface ConfigContent {
  readonly value: unknown
  readonly problems: readonly string[]
}

/**
 * Evaluates a configuration file in this process, which does nothing else: file.ts has started it.
 *
 * @throws {ServerError} ERR_CONFIG_UNREADABLE when it throws, or is no JSON.
 */
export async function evaluateConfig(file: string, mode: 'start' | 'dev'): Promise<ConfigContent> {
  try {
    return extname(file) === '.json' ? { value: await readJson(file), problems: [] } : await evaluate(file, mode)
  } catch (error) {
    throw unreadable(file, extname(file) === '.json' ? messageOf(error) : describe(error, file), error)
  }
}

async function readJson(file: string): Promise<unknown> {
  const value: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (typeof value !== 'object' || value === null || !('$schema' in value)) return value
  // The one key that is for editors, not for us.
  const { $schema: _, ...rest } = value
  return rest
}

async function evaluate(file: string, mode: 'start' | 'dev'): Promise<ConfigContent> {
  const missing = new Set<string>()
  ;(globalThis as MissingVariables)[missingVariables] = missing
  module.registerHooks({ resolve: resolveSaola })
  const exported = exportedBy(await loadModule(file))
  const value: unknown = typeof exported === 'function' ? await exported({ mode, env: process.env }) : await exported
  const problems = [...missing].map(
    name => `The environment variable ${name} is not set, and the configuration needs it.`,
  )
  return { value: toData(value, [], problems), problems }
}

/** `export default`, `module.exports =`, or what a compiler made of the first. */
function exportedBy(namespace: Record<string, unknown>): unknown {
  const exported = namespace.default
  const isCompiled =
    typeof exported === 'object' && exported !== null && '__esModule' in exported && 'default' in exported
  return isCompiled ? exported.default : exported
}

/**
 * The value with everything taken out that cannot go to another process; each of that is a problem. What a mistake left
 * in the file, such as the application itself in the place of its path, must have a clear message.
 */
function toData(value: unknown, path: readonly PropertyKey[], problems: string[]): unknown {
  const where = formatPath(path) || 'The configuration'
  if (typeof value === 'function' || typeof value === 'symbol') {
    problems.push(`${where} expected plain data, got a ${typeof value}.`)
    return undefined
  }
  if (typeof value !== 'object' || value === null) return value
  if (path.length > depthMax) {
    problems.push(`${where} is nested too deeply.`)
    return undefined
  }
  if (Array.isArray(value)) return value.map((item, index) => toData(item, [...path, index], problems))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    problems.push(`${where} expected plain data, got a ${prototype.constructor?.name ?? 'class instance'}.`)
    return undefined
  }
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, toData(child, [...path, key], problems)]))
}

/** What was thrown, with the place in the file: `x is not defined, saola.config.ts:3:12`. */
function describe(error: unknown, file: string): string {
  const message = messageOf(error).split('\n')[0] ?? ''
  const kind = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : ''
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const places = [pathToFileURL(file).href, file].map(name => stack.split(`${name}:`)[1]?.match(/^\d+(?::\d+)?/)?.[0])
  const place = places.find(Boolean)
  return `${kind}${message}${place ? `, line ${place}` : ''}`
}

/**
 * `import … from 'saola'` finds this package also where it is not installed beside the configuration, but for the whole
 * machine or by npx.
 */
function resolveSaola(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: (specifier: string, context?: ResolveHookContext) => { url: string },
): { url: string } {
  try {
    return nextResolve(specifier, context)
  } catch (error) {
    const isMissing = codeOf(error) === 'ERR_MODULE_NOT_FOUND' || codeOf(error) === 'MODULE_NOT_FOUND'
    if (specifier !== 'saola' || !isMissing) throw error
    return nextResolve(
      pathToFileURL(join(import.meta.dirname, '..', `index${extname(import.meta.filename)}`)).href,
      context,
    )
  }
}
