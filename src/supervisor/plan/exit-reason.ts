/** What the end of a child looked like, in words for `status`, the log and the answer to a reload. */
import type { Child, Exit } from '../fleet.ts'
import type { FleetEvent } from './turn.ts'

const lineCharactersMax = 300

export function describeExit(
  child: Child,
  { code, signal, stderr = '' }: Pick<FleetEvent & { type: 'exited' }, 'code' | 'signal' | 'stderr'>,
  now: number,
): Exit {
  const how = signal ? `killed by ${signal}` : code === null ? 'could not be started' : `exited with code ${code}`
  const isEarly = child.readyAt === undefined && child.state === 'STARTING'
  const said = child.lastWords ?? (isEarly ? lastLineOf(stderr) : undefined)
  const when = isEarly ? ' before it was ready' : ''
  const ended = `${how}${when}${said === undefined ? '' : `: ${said}`}`
  // What the child itself said is the cause; that it was killed then, if it was, the effect.
  const reason = bootFailureOf(child, stderr) ?? child.doom ?? ended
  return { code: code ?? undefined, signal: signal ?? undefined, reason, atMs: now }
}

function bootFailureOf({ bootError }: Child, stderr: string): string | undefined {
  if (bootError === undefined) return undefined
  const place = placeOf(bootError, stderr)
  return `could not boot: ${bootError}${place === undefined ? '' : `, ${place}`}`
}

/**
 * Where a syntax error is: in an ES module only Node knows it, and prints it above the error (worker/boot-error.ts).
 *
 * ```
 * file:///srv/shop/app.ts:3
 * const = 1
 *       ^
 *
 * SyntaxError: Unexpected token '='
 * ```
 */
function placeOf(bootError: string, stderr: string): string | undefined {
  const printed = stderr.lastIndexOf(`SyntaxError: ${bootError.split('\n')[0]}`)
  if (printed < 0) return undefined
  const places = stderr.slice(0, printed).matchAll(/^(?:file:\/\/)?(\/.+:\d+)$/gm)
  return [...places].at(-1)?.[1]
}

/** The line that tells most of what a process has printed before it ended: its error, or else its last one. */
export function lastLineOf(stderr: string): string | undefined {
  const lines = stderr
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !/^Node\.js v\d|^\(Use `node /.test(line))
  const line = lines.findLast(line => /^(?:Uncaught )?\w*(?:Error|Exception)\b[^:]*: ./.test(line)) ?? lines.at(-1)
  return line?.slice(0, lineCharactersMax)
}
