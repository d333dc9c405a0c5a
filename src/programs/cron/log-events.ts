import type { LogEvents } from '../../base/log-events.ts'

/** What is written about the entries of `cron`. */
export const cronLogEvents: LogEvents = {
  'cron.started': {
    level: 'info',
    fields: ['name', 'pid', 'by', 'slot'],
    meaning: 'A run has begun: `by` its `schedule`, for the time `slot`, or by `run`, `saola run NAME`.',
  },
  'cron.done': {
    level: 'info',
    fields: ['name', 'pid', 'durationMs', 'code', 'signal', 'skipped'],
    meaning:
      'It has ended with an exit code of `successExitCodes`; so many runs were `skipped` meanwhile, because it took so long.',
  },
  'cron.failed': {
    level: 'error',
    fields: ['name', 'pid', 'durationMs', 'code', 'signal', 'skipped', 'reason'],
    meaning: 'It has ended otherwise, was over its `timeout`, or could not be started.',
  },
  'cron.stopping': {
    level: 'info',
    fields: ['runs'],
    meaning:
      'The tree is to stop: so many runs are asked to end, and waited for. `tree.stopping` follows when the last of them has.',
  },
  'cron.stopped': {
    level: 'warn',
    fields: ['name', 'pid', 'durationMs', 'code', 'signal', 'skipped'],
    meaning: 'The tree stopped, and the run with it, before it was done.',
  },
  'cron.skipped': {
    level: 'warn',
    fields: ['name', 'slot', 'reason'],
    meaning: 'Its time has come, and `overlap` lets no run begin. Told once for each run that is in the way.',
  },
  'cron.missed': {
    level: 'warn',
    fields: ['name', 'slot', 'lateMs'],
    meaning:
      'Its time passed more than a minute ago, while the tree was down or stood still, and `catchUp` is `"none"`. Earlier times that ' +
      'were missed with it have no line.',
  },
  'cron.timeout': {
    level: 'warn',
    fields: ['name', 'pid', 'timeoutMs'],
    meaning: 'A run is over its `timeout` and gets its `stopSignal`; `cron.failed` follows.',
  },
  'cron.killed': {
    level: 'warn',
    fields: ['name', 'pid', 'stopTimeoutMs'],
    meaning: 'It did not end within `stopTimeout` after its `stopSignal`, and is killed.',
  },
  'cron.left-over': {
    level: 'warn',
    fields: ['name', 'pid'],
    meaning:
      'A run of the tree that ran here before, and was killed, still runs: it is ended before another one begins.',
  },
  'cron.idle': {
    level: 'info',
    fields: ['entries', 'advice'],
    meaning: 'In `saola dev` nothing runs by itself, only by `saola run NAME`.',
  },
  'cron.unsaved': {
    level: 'warn',
    fields: ['file', 'error'],
    meaning:
      'The state folder cannot be written: after the next start nobody knows the last results, nor what was missed. Told once until it can.',
  },
}
