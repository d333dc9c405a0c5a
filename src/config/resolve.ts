import { basename, dirname } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { checkConfig } from './check.ts'
import { completeConfig } from './complete.ts'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { isSection } from './draft.ts'
import type { ConfigContent } from './evaluate.ts'
import { mergeLayers } from './layers.ts'
import { render } from './problems.ts'
import { findIneffective } from './warnings.ts'

/** Makes a configuration of everything that has a say in it. `load.ts` has a shorter way for a start without a file. */
export function resolveConfig(
  request: LoadRequest,
  file: string | undefined,
  content: ConfigContent | undefined,
): LoadedConfig {
  const dir = file === undefined ? request.cwd : dirname(file)
  const value = content?.value
  const wrongKind = content && content.problems.length === 0 && !isSection(value)
  const layer = file === undefined ? undefined : { name: basename(file), value: isSection(value) ? value : {} }
  const draft = mergeLayers(request, layer)
  const problems = [...(content?.problems ?? [])]
  if (wrongKind) problems.push(`${basename(file ?? '')} expected to export an object, got ${render(value)}.`)
  const { env, isForElsewhere } = request
  const checked = checkConfig(draft, { dir, env, isForElsewhere })
  if (!wrongKind) problems.push(...checked.problems)
  if (!checked.config || problems.length > 0) throw invalid(problems, file)
  const config = completeConfig(checked.config, request, { file, dir })
  return { config, origins: draft.origins, warnings: [...draft.warnings, ...findIneffective(config, draft.origins)] }
}

function invalid(problems: readonly string[], file: string | undefined): ServerError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new ServerError('ERR_CONFIG_INVALID', `${file ?? 'The configuration'} has ${count}.`, { problems })
}
