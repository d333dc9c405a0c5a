import module, { type ResolveHookContext } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serialize } from 'node:v8'
import { codeOf, messageOf } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { type MissingVariables, missingVariables } from './define.ts'
import type { Evaluation } from './file.ts'

/** Deeper than any section: what goes on below is no configuration. */
const depthMax = 12

/** Evaluates a configuration file in this process, which does nothing else. The other half is in file.ts. */
export async function evaluateConfig(file: string, mode: 'start' | 'dev'): Promise<Buffer> {
  return serialize(await evaluate(file, mode))
}

async function evaluate(file: string, mode: 'start' | 'dev'): Promise<Evaluation> {
  const missing = new Set<string>()
  ;(globalThis as MissingVariables)[missingVariables] = missing
  module.registerHooks({ resolve: resolveSaola })
  try {
    const exported = exportedBy(await loadModule(file))
    const value: unknown = typeof exported === 'function' ? await exported({ mode, env: process.env }) : await exported
    const problems = [...missing].map(
      name => `The environment variable ${name} is not set, and the configuration needs it.`,
    )
    return { ok: true, value: toData(value, [], problems), problems }
  } catch (error) {
    return { ok: false, message: describe(error, file), stack: error instanceof Error ? (error.stack ?? '') : '' }
  }
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
function toData(value: unknown, path: readonly string[], problems: string[]): unknown {
  const where = path.join('.') || 'The configuration'
  if (typeof value === 'function' || typeof value === 'symbol') {
    problems.push(`${where} expected plain data, got a ${typeof value}.`)
    return undefined
  }
  if (typeof value !== 'object' || value === null) return value
  if (path.length > depthMax) {
    problems.push(`${where} is nested too deeply.`)
    return undefined
  }
  if (Array.isArray(value)) return value.map((item, index) => toData(item, [...path, String(index)], problems))
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
