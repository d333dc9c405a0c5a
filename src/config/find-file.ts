import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ServerError } from '../base/errors.ts'

/** What the name of a configuration file ends in. */
export const configExtensions: readonly string[] = ['.ts', '.mts', '.js', '.mjs', '.json']

/**
 * The configuration file of a folder, or undefined when it has none.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it has several.
 */
export function findConfigFile(folder: string): string | undefined {
  const found = configExtensions
    .map(extension => `saola.config${extension}`)
    .filter(name => existsSync(join(folder, name)))
  if (found.length > 1) {
    const names = `${found.slice(0, -1).join(', ')} and ${found.at(-1)}`
    throw new ServerError('ERR_CONFIG_INVALID', `${folder} has ${names}. Keep one, or choose one with -c.`)
  }
  return found[0] === undefined ? undefined : join(folder, found[0])
}
