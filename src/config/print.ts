import type { Config, LoadedConfig } from './config.ts'
import { isSection, originOf } from './draft.ts'
import { findOption } from './find-option.ts'
import { formatValue } from './format.ts'
import { listSettings } from './values.ts'

/** The values without what must not be seen: passwords, and addresses that hold one. */
export function withoutSecrets(config: Config): Config {
  const copy = structuredClone(config)
  for (const { path, value, option } of listSettings(config)) {
    if (value === undefined || (option.kind !== 'secret' && option.kind !== 'url')) continue
    const keys = path.split('.')
    let section: unknown = copy
    for (const key of keys.slice(0, -1)) section = isSection(section) ? section[key] : undefined
    const shown =
      option.kind === 'secret' ? formatValue(value, option.kind) : JSON.parse(formatValue(value, option.kind))
    if (isSection(section)) section[keys.at(-1) as string] = shown
  }
  return copy
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
  const rows = listSettings(config).map(({ path, value, option }) => {
    const section = findOption(path.split('.').slice(0, -1))
    return [path, formatValue(value, option.kind), originOf(origins, path, section?.short)]
  })
  const widths = [0, 1].map(column => Math.max(...rows.map(row => Math.min(row[column]?.length ?? 0, 60))))
  const lines = rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return `${lines.join('\n')}\n`
}
