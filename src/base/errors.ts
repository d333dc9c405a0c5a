/**
 * Every error code of Saola, in one table: what it means and what to do about it.
 * docs/reference/errors.md is generated from here.
 */
export const errorCodes = {
  ERR_ADDRESS_INVALID: 'A listen address is not HOST:PORT, :PORT, [::1]:PORT, unix:PATH, fd://N or systemd:NAME.',
  ERR_ADDRESS_UNAVAILABLE: 'An address cannot be listened on: it is in use, forbidden, or not of this machine.',
  ERR_ALREADY_RUNNING: 'A tree of the same name runs already in this folder, or holds the pid file.',
  ERR_APP_INVALID: 'The application exports nothing that can answer: see the kinds of applications in README.',
  ERR_APP_NOT_FOUND: 'The file of the application does not exist.',
  ERR_CONFIG_INVALID: 'The configuration has problems; all of them are listed, and nothing was started or changed.',
  ERR_CONFIG_UNREADABLE: 'The configuration file cannot be read or throws while it is loaded.',
  ERR_CONTROL_REFUSED: 'The running tree refused the operation, and says why.',
  ERR_CONTROL_UNREACHABLE: 'The control socket does not answer.',
  ERR_NODE_TOO_OLD: 'This Node.js is too old for Saola.',
  ERR_NOT_RUNNING: 'No tree is running here.',
  ERR_RELOAD_FAILED: 'The new workers did not become ready: the old ones keep serving.',
  ERR_STOP_TIMEOUT: 'The tree or its workers have not ended in time; they are still about to.',
  ERR_STORE_DAMAGED: 'The file of the shared store has damaged pages: restore a backup.',
  ERR_STORE_COPY_DIFFERS:
    'A copy of the shared store does not hold the same: the lines say what; let nobody write meanwhile.',
  ERR_STORE_KEY_ABSENT: 'The shared store has no such key or field.',
  ERR_STORE_NOT_EMPTY: 'A store that is to be copied to holds keys already: choose another, or replace them.',
  ERR_STORE_NOT_FOUND: 'There is no shared store in the folder.',
  ERR_SYSTEMD_FD_MISSING: 'systemd passed no socket of this name.',
  ERR_TREE_AMBIGUOUS: 'More than one tree runs here: choose one with --name or -c.',
  ERR_USAGE: 'The command line asks for something that does not exist.',
  ERR_USER_UNKNOWN: 'The user or group of a setting does not exist on this machine.',
  ERR_WORKER_NOT_READY: 'A worker did not become ready in time.',
} as const satisfies Record<`ERR_${string}`, string>

export type ErrorCode = keyof typeof errorCodes

/**
 * An operating fault: something outside the code is wrong, and its message says what to do about it.
 *
 * ```ts
 * throw new ServerError('ERR_NOT_RUNNING', 'No tree is running in /srv/shop. Start one with "saola start".')
 * ```
 */
export class ServerError extends Error {
  readonly code: ErrorCode
  /** The single problems, where there are several: one line each. */
  readonly problems: readonly string[]

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; problems?: readonly string[] } = {}) {
    super(message, { cause: options.cause })
    this.name = 'ServerError'
    this.code = code
    this.problems = options.problems ?? []
  }
}

/** What was thrown, as a sentence: anything can be thrown, not only an Error. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The code of a system error such as EADDRINUSE, or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
