import { formatPath } from './format-path.ts'
import { describeIssues } from './problems.ts'
import { configSchema } from './schema.ts'

/** One setting that no machine would take. */
interface Refusal {
  readonly path: readonly PropertyKey[]
  /** The path, as messages have it. */
  readonly where: string
  /** What was expected there, without the path. */
  readonly text: string
}

/** What is wrong with a configuration by itself, wherever it is used: files, users and commands are not looked for. */
export function findRefusals(config: object): Refusal[] {
  const issues = configSchema.safeParse(config, { reportInput: true, jitless: true }).error?.issues ?? []
  return issues.flatMap(issue => {
    const where = formatPath(issue.path)
    return describeIssues([issue], new Map()).map(text => ({
      path: issue.path,
      where,
      text: (text.startsWith(`${where} `) ? text.slice(where.length + 1) : text).replace(/\.$/, ''),
    }))
  })
}
