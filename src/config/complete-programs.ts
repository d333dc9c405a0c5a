/** Programs of a configuration that is checked: what depends on the machine and the folder gets its value. */
import type { Address } from '../base/address.ts'
import { fillTemplate } from '../base/templates.ts'
import type { ProgramOptions } from '../programs/options.ts'
import type { AppConfig } from './config.ts'
import { addressesOfProgram, programOfUpstream } from './program-addresses.ts'

type Programs = Readonly<Record<string, ProgramOptions>>

/**
 * Fills the places in paths and listen addresses, but for the instance: it is different in each process. Commands and variables
 * keep all of theirs, so that no secret of the environment is shown with the configuration.
 */
export function fillPaths<Program extends ProgramOptions>(
  name: string,
  program: Program,
  env: NodeJS.ProcessEnv,
): Program {
  const fill = (text: string) => fillTemplate(text, { name, env })
  const { stdin, listen } = program
  return {
    ...fillFiles(name, program, env),
    stdin: typeof stdin === 'object' && 'file' in stdin ? { file: fill(stdin.file) } : stdin,
    ...(listen && { listen: listen.map(address => fillAddress(address, fill)) }),
  }
}

/** The same for what everything has that is started: a folder, and files for what it prints. */
export function fillFiles<Started extends Pick<ProgramOptions, 'cwd' | 'stdout' | 'stderr'>>(
  name: string,
  started: Started,
  env: NodeJS.ProcessEnv,
): Started {
  const fill = (text: string) => fillTemplate(text, { name, env })
  const { cwd, stdout, stderr } = started
  return {
    ...started,
    cwd: fill(cwd),
    ...(stdout && { stdout: { ...stdout, file: fill(stdout.file) } }),
    ...(typeof stderr === 'object' && { stderr: { ...stderr, file: fill(stderr.file) } }),
  }
}

function fillAddress(address: Address, fill: (text: string) => string): Address {
  return address.kind === 'unix' ? { kind: 'unix', path: fill(address.path) } : address
}

/** Puts the addresses of programs in the places of `program:NAME`, each with the weight of that. */
export function resolveProxies(edge: AppConfig['edge'], programs: Programs, env: NodeJS.ProcessEnv): AppConfig['edge'] {
  if (!edge) return edge
  const rules = Object.entries(edge.proxy).map(([prefix, rule]) => {
    const upstreams = rule.to.flatMap(upstream =>
      urlsOf(upstream.url, programs, env).map(url => ({ ...upstream, url })),
    )
    // Another program may have the same address, or somebody has written it, too: once is enough.
    const to = upstreams.filter(({ url }, index) => upstreams.findIndex(other => other.url === url) === index)
    return [prefix, { ...rule, to }]
  })
  return { ...edge, proxy: Object.fromEntries(rules) }
}

function urlsOf(url: string, programs: Programs, env: NodeJS.ProcessEnv): readonly string[] {
  const name = programOfUpstream(url)
  const program = name === undefined ? undefined : programs[name]
  if (name === undefined || !program) return [url]
  const found = addressesOfProgram({ name, given: program }, env)
  // That it has one was checked.
  return 'urls' in found ? found.urls : []
}
