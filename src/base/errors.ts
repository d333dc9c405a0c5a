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
  ERR_BODY_NOT_TAKEN: 'The body of a request is too long, its client has left, or the disk is full.',
  ERR_CONFIG_INVALID: 'The configuration has problems; all of them are listed, and nothing was started or changed.',
  ERR_CONFIG_UNREADABLE: 'The configuration file cannot be read or throws while it is loaded.',
  ERR_CONTROL_REFUSED: 'The running tree refused the operation, and says why.',
  ERR_CONTROL_UNREACHABLE: 'The control socket does not answer.',
  ERR_DASHBOARD_OFF: 'The tree has no dashboard: set dashboard.listen.',
  ERR_DASHBOARD_REFUSED: 'The dashboard refuses a request, and says why.',
  ERR_DASHBOARD_SIGNED_OUT: 'The dashboard does not know who asks: sign in with an address of "saola dashboard".',
  ERR_ENV_FILE_UNREADABLE: 'A file of environment variables is not there, cannot be read, or is no text.',
  ERR_FILE_EXISTS: 'A file that would be written is there already: --force replaces it.',
  ERR_FILE_NOT_WRITTEN:
    'A file cannot be written: its folder is missing or forbidden, the disk is full, or something else has its name.',
  ERR_IMPORT_UNREADABLE: 'The file to import is missing, is not what it should be, or has nothing to be imported.',
  ERR_INTERRUPTED: 'A command was ended by a signal before it was done.',
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
  ERR_TASK_FAILED: 'A job that was waited for is dead or cancelled, and says why.',
  ERR_TASK_JOB_ABSENT: 'There is no job of this id, or it was removed when its time to be kept was over.',
  ERR_TASK_NOT_CHANGED: 'Some of the jobs are not in a state in which this can be done; each is listed.',
  ERR_TASK_UNKNOWN: 'No process that runs here knows a task of this name.',
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

/** What was thrown, as a sentence. Never throws itself: anything can be thrown, also what fails when it is looked at. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    // A getter, a proxy, or an object without a text: that something was thrown is all there is to say.
    return 'something that has no text'
  }
}

/** The code of a system error such as EADDRINUSE, or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  try {
    const code = (thrown as { code?: unknown } | null | undefined)?.code
    return typeof code === 'string' ? code : undefined
  } catch {
    // A getter of the application: as good as none.
    return undefined
  }
}
