import { closeSync, openSync } from 'node:fs'

/** What a signal to the supervisor means: the meanings that operators know from Nginx and Gunicorn. */
export interface SignalVerbs {
  /** Stop; `isQuick` without waiting for requests in flight. Asked twice, it is quick. */
  stop(isQuick: boolean): void
  reload(): void
  reopenLogs(): void
  /** One worker more or less in the first application. */
  scaleBy(step: 1 | -1): void
  drainWorkers(): void
  /** A signal that is known and that nothing answers yet. */
  ignore(signal: string, why: string): void
}

// npm passes on a Ctrl-C that the terminal has sent to the whole group already: the second of such a pair is no haste.
const sameAskMs = 300

/**
 * Listens to the end of this process: a signal that comes while it writes its last lines must not cut them off. On a
 * terminal two signals are not an operator's: WINCH says that the window was resized, and HUP may say that it was closed,
 * which ends a program in the foreground.
 */
export function listenToSignals(verbs: SignalVerbs, hasTerminal = process.stdin.isTTY === true): void {
  let isSameAsk = false
  const stop = () => {
    if (isSameAsk) return
    isSameAsk = true
    // Both of a pair are here long before a process that stood still between them looks at the second: behind the time, all that has
    // come by then is looked at first.
    setTimeout(() => setImmediate(() => (isSameAsk = false)), sameAskMs).unref()
    verbs.stop(false)
  }
  const table: Partial<Record<NodeJS.Signals, () => void>> = {
    SIGTERM: stop,
    SIGINT: stop,
    SIGQUIT: () => verbs.stop(true),
    SIGHUP: () => (hasTerminal && !isOnTerminal() ? verbs.stop(false) : verbs.reload()),
    // Without a listener Node opens its debugger on USR1, and ends on USR2.
    SIGUSR1: () => verbs.reopenLogs(),
    SIGUSR2: () => verbs.ignore('SIGUSR2', 'an upgrade of the running program is not available yet'),
    SIGTTIN: () => verbs.scaleBy(1),
    SIGTTOU: () => verbs.scaleBy(-1),
    SIGWINCH: () => {
      if (!isOnTerminal()) verbs.drainWorkers()
    },
  }
  for (const [signal, verb] of Object.entries(table)) process.on(signal, verb)
}

/** Whether this process has a terminal that controls it, be stdin what it may. */
function isOnTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
