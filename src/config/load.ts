import { dirname, resolve } from 'node:path'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { type FileVariables, readEnvFiles } from './env-files.ts'
import { findConfigFile } from './find-file.ts'
import { quickConfig } from './quick.ts'

/**
 * Loads a configuration: flags > environment (`SAOLA_*`, `PORT`, `WEB_CONCURRENCY`) > `.env` > file > defaults. It can be
 * loaded again at any time, and then has what the file, all that it imports, and the files of variables have become.
 *
 * ```ts
 * const { config, warnings } = await loadConfig({ cwd, flags: { app: './app.ts' }, env: process.env, mode: 'start' })
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every problem in `problems`; ERR_CONFIG_UNREADABLE when the file cannot
 * be read or throws; ERR_ENV_FILE_UNREADABLE.
 */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const { cwd, envFiles } = request
  const file = request.file === undefined ? findConfigFile(cwd) : resolve(cwd, request.file)
  // First of all: the file itself asks for variables.
  const variables = readEnvFiles({ cwd, dir: file === undefined ? cwd : dirname(file), files: envFiles })
  const loaded = await loadWith(file, withVariables(request, variables))
  const { warnings } = variables
  return warnings.length === 0 ? loaded : { ...loaded, warnings: [...warnings, ...loaded.warnings] }
}

async function loadWith(file: string | undefined, request: LoadRequest): Promise<LoadedConfig> {
  const quick = file === undefined ? quickConfig(request) : undefined
  if (quick) return quick
  if (file !== undefined) return (await import('./file.ts')).readConfigFile(file, request)
  return (await import('./resolve.ts')).resolveConfig(request, undefined, undefined)
}

/** What the environment has, even as an empty text, no file changes. */
function withVariables(request: LoadRequest, { values, files }: FileVariables): LoadRequest {
  const { env } = request
  const fromFiles = Object.fromEntries(Object.entries(files).filter(([name]) => env[name] === undefined))
  return { ...request, env: { ...values, ...env }, fromFiles }
}
