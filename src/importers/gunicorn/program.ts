import { code, entry, isCode, type Section, section, sectionOf, type Value } from '../source.ts'
import { plainOf } from '../text.ts'
import { commandOf } from '../words.ts'
import type { GunicornCommand } from './command-line.ts'
import type { GivenSettings } from './given.ts'

/** The address that Gunicorn listens on for the edge, unless it is taken. */
const portDefault = 9001

const gracefulDefaultS = 30
/** What is left to end in when Gunicorn has waited for its last requests. */
const marginS = 5
/** The edge closes idle connections after 4 s, and Gunicorn must not do so before. */
const keepAliveLeastS = 5

export interface GunicornProgram {
  readonly command: GunicornCommand
  /** The file of its settings, as it is seen from the configuration. */
  readonly file: string | undefined
  /** `module:app`, where the file does not say it. */
  readonly app: string | undefined
}

/** Gunicorn as a program, with what has to be different behind the edge. */
export function gunicornProgram(given: GivenSettings, { command, file, app }: GunicornProgram): Section {
  const address = `127.0.0.1:${choosePort(given)}`
  const words = [
    ...command.program,
    ...(file === undefined ? [] : ['-c', file]),
    ...command.flags.filter(({ setting }) => !isReplaced(setting)).flatMap(flag => flag.words),
    ...['-b', address],
    ...overridesOf(given),
    ...(app === undefined ? [] : [app]),
  ]
  return section([
    entry('command', commandOf(words)),
    entry('env', sectionOf(Object.fromEntries(command.variables))),
    entry('stopMode', 'process', 'Gunicorn tells its workers itself'),
    entry('stopTimeout', stopTimeoutOf(given)),
    entry('ready', sectionOf({ tcp: address })),
  ])
}

const replaced = new Set([
  ...['bind', 'config', 'certfile', 'keyfile', 'ca_certs', 'cert_reqs', 'ciphers', 'accesslog', 'access_log_format'],
  ...['forwarded_allow_ips', 'keepalive', 'backlog', 'daemon', 'protocol', 'proxy_protocol'],
])

/** Flags that the edge has taken over, or that would be wrong behind it. */
function isReplaced(setting: string | undefined): boolean {
  return setting !== undefined && replaced.has(setting)
}

function choosePort(given: GivenSettings): number {
  const binds = (given.texts('bind') ?? []).map(text => plainOf(text) ?? '')
  return binds.some(bind => bind.endsWith(`:${portDefault}`)) ? portDefault + 1 : portDefault
}

/** Flags come before the file: what is in it must not count any more. */
function overridesOf(given: GivenSettings): string[] {
  const flags: string[] = []
  const isIn = (name: string) => given.has(name)
  if (isIn('certfile') || isIn('keyfile')) flags.push('--certfile=', '--keyfile=')
  if (isIn('accesslog')) flags.push('--access-logfile=/dev/null')
  if (isIn('forwarded_allow_ips')) flags.push('--forwarded-allow-ips=127.0.0.1')
  if (isIn('protocol') && given.plain('protocol') !== 'http') flags.push('--protocol=http')
  if (keepsAlive(given) && !isLongEnough(given)) flags.push(`--keep-alive=${keepAliveLeastS}`)
  return flags
}

/** Workers of the kind `sync` close every connection after its answer. */
function keepsAlive(given: GivenSettings): boolean {
  const isThreaded =
    (given.get('threads')?.value as { value?: unknown } | undefined)?.value !== 1 && given.has('threads')
  const kind = given.plain('worker_class') ?? 'sync'
  return isThreaded || !/^(?:sync|.*SyncWorker)$/.test(kind)
}

function isLongEnough(given: GivenSettings): boolean {
  const value = given.get('keepalive')?.value
  return value?.kind === 'number' && value.value >= keepAliveLeastS
}

/** Longer than Gunicorn waits for its last requests. */
function stopTimeoutOf(given: GivenSettings): Value {
  const seconds = given.count('graceful_timeout') ?? gracefulDefaultS
  if (typeof seconds === 'number') return `${seconds + marginS}s`
  return isCode(seconds) ? code(`${seconds.code} + ${marginS}`, ...seconds.imports) : `${gracefulDefaultS + marginS}s`
}
