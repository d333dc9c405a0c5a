import type * as z from 'zod'
import { ServerError } from '../base/errors.ts'
import type { configSchema } from './schema.ts'

/** What a configuration file may say. Everything has a default but `app` of an application. */
export type UserConfig = z.input<typeof configSchema>

/** What a configuration that is a function is given. */
export interface ConfigContext {
  /** `saola start` or `saola dev`. */
  readonly mode: 'start' | 'dev'
  readonly env: Readonly<NodeJS.ProcessEnv>
}

export type ConfigExport = UserConfig | ((context: ConfigContext) => UserConfig | Promise<UserConfig>)

/**
 * Gives a configuration its type. It does nothing else.
 *
 * ```ts
 * export default defineConfig({ apps: { web: { app: './src/server.ts', workers: 4 } } })
 * ```
 */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config
}

/**
 * An environment variable. A missing one without a fallback is a problem of the configuration, and is reported with all
 * others; outside of Saola it throws.
 *
 * ```ts
 * export default defineConfig({ name: env('SHOP_NAME', 'shop') })
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it is missing and Saola is not the one who reads the file.
 */
export function env(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback
  if (value !== undefined) return value
  const missing = (globalThis as MissingVariables)[missingVariables]
  const problem = `The environment variable ${name} is not set`
  if (!missing) throw new ServerError('ERR_CONFIG_INVALID', `${problem}.`)
  missing.add(name)
  return `(${problem})`
}

/**
 * Where the process that reads a configuration collects what is missing. A registered symbol, because the file may have
 * its own copy of this package.
 */
export const missingVariables = Symbol.for('saola.missingVariables')

export interface MissingVariables {
  [missingVariables]?: Set<string>
}
