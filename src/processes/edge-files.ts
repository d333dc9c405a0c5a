/** The files and folders that sections `edge` name. What cannot be used is told before anything is started or changed. */
import { ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { formatPath } from '../config/format-path.ts'
import type { FileProblem } from '../edge/configured-files.ts'
import type { EdgeSettings } from '../edge/options.ts'

type Files = typeof import('../edge/configured-files.ts')
type Find = (files: Files, edge: EdgeSettings) => Promise<readonly FileProblem[]>

/**
 * Files of users, pages for errors and modules of rate limits: without them no worker would start.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every file that cannot be used.
 */
export async function refuseEdgeFiles(config: Config): Promise<void> {
  const problems = await findIn(config, (files, edge) => files.findFileProblems(edge))
  if (problems.length === 0) return
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  throw new ServerError('ERR_CONFIG_INVALID', `The configuration has ${what}.`, { problems })
}

/** A sentence for each folder of `static` that is not there, or cannot be read. */
export function missingFolders(config: Config): Promise<readonly string[]> {
  return findIn(config, (files, edge) => files.findFolderProblems(edge))
}

async function findIn({ apps }: Config, find: Find): Promise<readonly string[]> {
  const problems: string[] = []
  for (const [name, { edge }] of Object.entries(apps)) {
    if (!edge) continue
    const files = await import('../edge/configured-files.ts')
    const found = await find(files, edge as EdgeSettings)
    problems.push(...found.map(({ path, message }) => `${formatPath(['apps', name, 'edge', ...path])} ${message}`))
  }
  return problems
}
