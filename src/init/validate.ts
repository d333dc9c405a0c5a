/** Asks the programs that files are meant for whether they are right, as far as those are on this machine. */
import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'

export interface Validation {
  /** The files that it is about. */
  readonly what: string
  readonly state: 'valid' | 'wrong' | 'not validated'
  /** By what, what is wrong, or why nobody has looked. */
  readonly lines: readonly string[]
}

export interface ValidateOptions {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

interface Result {
  readonly code: number
  readonly text: string
}

const commandMs = 60_000
const reachMs = 10_000

/** Undefined when there is no such command. */
function run(words: readonly string[], { folder, env }: ValidateOptions, timeoutMs = commandMs): Result | undefined {
  const [command = '', ...args] = words
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (error && status === null && 'code' in error && error.code === 'ENOENT') return undefined
  return { code: status ?? 1, text: `${stdout}${stderr}`.trim() }
}

/** Units, each by its path. Of the lines that systemd says, only those that name one of them are about them. */
export function validateUnits(paths: readonly string[], options: ValidateOptions): Validation {
  const what = paths.map(path => basename(path)).join(' and ')
  const tool = 'systemd-analyze verify'
  const result = run(['systemd-analyze', '--man=no', 'verify', ...paths.map(path => `./${path}`)], options)
  if (!result) return { what, state: 'not validated', lines: ['there is no systemd-analyze here'] }
  const lines = result.text.split('\n').filter(line => paths.some(path => line.includes(basename(path))))
  // It ends with 0 when it has only warned, of a misspelled setting, say.
  if (lines.length > 0) return { what, state: 'wrong', lines: [...new Set(lines)] }
  return { what, state: 'valid', lines: [tool] }
}

/** By Docker's Compose, or the older program of that name; neither asks the daemon for it. */
export function validateCompose(path: string, options: ValidateOptions): Validation {
  const hasPlugin = run(['docker', 'compose', 'version'], options, reachMs)?.code === 0
  const words = hasPlugin ? ['docker', 'compose'] : ['docker-compose']
  const result = run([...words, '-f', path, 'config', '--quiet'], options)
  if (!result) return { what: path, state: 'not validated', lines: ['there is no docker compose here'] }
  return verdict(path, `${words.join(' ')} config`, result)
}

/** By the builder, which is a part of the daemon. */
export function validateDockerfile(path: string, options: ValidateOptions): Validation {
  const skipped = (reason: string): Validation => ({ what: path, state: 'not validated', lines: [reason] })
  const version = run(['docker', 'version', '--format', '{{.Server.Version}}'], options, reachMs)
  if (!version) return skipped('there is no docker here')
  if (version.code !== 0) return skipped('no Docker daemon answers')
  if (run(['docker', 'buildx', 'version'], options, reachMs)?.code !== 0) return skipped('docker has no buildx here')
  return verdict(
    path,
    'docker build --check',
    run(['docker', 'build', '--check', '-f', path, '.'], options) ?? noResult,
  )
}

const noResult: Result = { code: 1, text: 'docker is gone' }

function verdict(what: string, tool: string, { code, text }: Result): Validation {
  return code === 0
    ? { what, state: 'valid', lines: [tool] }
    : { what, state: 'wrong', lines: text.split('\n').slice(0, 20) }
}

/** `compose.yaml is valid (docker compose config)`; more lines when something is wrong. */
export function formatValidation({ what, state, lines }: Validation): string[] {
  if (state !== 'wrong') return [`${what}: ${state} (${lines.join(', ')})`]
  return [`${what}: wrong`, ...lines.map(line => `  ${line}`)]
}
