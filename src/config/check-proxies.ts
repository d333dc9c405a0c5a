import { suggest } from '../base/suggest.ts'
import { isSection } from './draft.ts'
import type { DraftApp } from './draft-apps.ts'
import type { DraftProgram } from './draft-programs.ts'
import { formatPath } from './format-path.ts'
import { addressesOfProgram, type ProgramAddresses, programOfUpstream } from './program-addresses.ts'

/** What is wrong with the programs that an application sends requests to. */
export function checkProxiedPrograms(
  { name, app }: DraftApp,
  programs: readonly DraftProgram[],
  env: NodeJS.ProcessEnv,
): string[] {
  return upstreamsIn(app, ['apps', name, 'edge', 'proxy']).flatMap(({ path, url }) => {
    const wanted = programOfUpstream(url)
    if (wanted === undefined) return []
    const where = formatPath(path)
    const program = programs.find(candidate => candidate.name === wanted)
    if (!program) {
      const meant = suggest(
        wanted,
        programs.map(candidate => candidate.name),
      )
      return [
        `${where} expected a program, got ${JSON.stringify(url)}${meant ? `, did you mean "program:${meant}"?` : '.'}`,
      ]
    }
    // What is wrong with it is told where it stands.
    if (program.refused.has('listen') || program.refused.has('ready')) return []
    const found = tryAddresses(program, env)
    return 'problem' in found ? [`${where} expected an address of the program "${wanted}", got ${found.problem}.`] : []
  })
}

function tryAddresses(program: DraftProgram, env: NodeJS.ProcessEnv): ProgramAddresses {
  try {
    return addressesOfProgram(program, env)
  } catch {
    // A place in it cannot be filled, or is filled with nonsense: that, too, is told where it stands.
    return { urls: [] }
  }
}

interface PlacedUrl {
  readonly path: readonly PropertyKey[]
  readonly url: string
}

/** Every upstream in a draft, however it is written. */
function upstreamsIn({ edge }: DraftApp['app'], path: readonly PropertyKey[]): PlacedUrl[] {
  const rules = isSection(edge) && isSection(edge.proxy) ? edge.proxy : {}
  return Object.entries(rules).flatMap(([prefix, rule]) =>
    isSection(rule) ? urlsIn(rule.to, [...path, prefix, 'to']) : urlsIn(rule, [...path, prefix]),
  )
}

function urlsIn(value: unknown, path: readonly PropertyKey[]): PlacedUrl[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => urlsIn(item, [...path, index]))
  if (isSection(value)) return urlsIn(value.url, [...path, 'url'])
  return typeof value === 'string' ? [{ path, url: value }] : []
}
