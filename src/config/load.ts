import { resolve } from 'node:path'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { findConfigFile } from './find-file.ts'
import { quickConfig } from './quick.ts'

/**
 * Loads a configuration: flags > environment (`SAOLA_*`, `PORT`, `WEB_CONCURRENCY`) > file > defaults. It can be loaded
 * again at any time, and then has what the file and all that it imports have become.
 *
 * ```ts
 * const { config, warnings } = await loadConfig({ cwd, flags: { app: './app.ts' }, env: process.env, mode: 'start' })
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every problem in `problems`; ERR_CONFIG_UNREADABLE when the file cannot
 * be read or throws.
 */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const file = request.file === undefined ? findConfigFile(request.cwd) : resolve(request.cwd, request.file)
  const quick = file === undefined ? quickConfig(request) : undefined
  if (quick) return quick
  if (file !== undefined) return (await import('./file.ts')).readConfigFile(file, request)
  return (await import('./resolve.ts')).resolveConfig(request, undefined, undefined)
}
