import type { Config, LoadedConfig } from './config.ts'
import { originOf } from './draft.ts'
import { optionTree } from './find-option.ts'
import { formatTree, hideSecret } from './format.ts'
import { mapKinds, nodeAt } from './option-tree.ts'
import { listSettings } from './values.ts'

/** The values without what must not be seen: passwords, addresses that hold one, and variables, of which any may be one. */
export function withoutSecrets(config: Config): Config {
  const variables = Object.fromEntries(Object.keys(config.variables).map(name => [name, '(secret)']))
  return mapKinds(structuredClone({ ...config, variables }), optionTree(), hideSecret) as Config
}

/**
 * Every setting with its value and where it comes from, a line each, for `saola config --print`.
 *
 * ```
 * name              "shop"   file saola.config.ts
 * apps.web.workers  4        env WEB_CONCURRENCY
 * apps.web.timeout  30s      default
 * ```
 */
export function printConfig({ config, origins }: LoadedConfig): string {
  const rows = listSettings(config).map(({ path, value }) => {
    const keys = path.split('.')
    const section = nodeAt(optionTree(), keys.slice(0, -1))?.option
    return [path, formatTree(value, nodeAt(optionTree(), keys)), originOf(origins, path, section?.short)]
  })
  const widths = [0, 1].map(column => Math.max(...rows.map(row => Math.min(row[column]?.length ?? 0, 60))))
  const lines = rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return `${lines.join('\n')}\n`
}
