import { options } from './generated.ts'
import type { Option } from './option.ts'

/** The option at a path of a configuration, such as `apps.web.timeout`, or undefined. */
export function findOption(path: readonly PropertyKey[]): Option | undefined {
  const pattern = patternOf(path)
  return options.find(option => option.path === pattern)
}

/** The path of an option, with `*` in the place of the application's name. */
export function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (index === 1 && path[0] === 'apps' ? '*' : String(key))).join('.')
}
