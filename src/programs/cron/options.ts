import * as z from 'zod'
import { messageOf } from '../../base/errors.ts'
import type { Frozen } from '../../base/frozen.ts'
import { choice, duration, path, text } from '../../base/option-types.ts'
import { firstSlot, isTimeZone } from '../../base/timetable.ts'
import { outputFile } from '../../supervisor/options.ts'
import { command, programName, programOptions } from '../options.ts'

const name = programName.meta({ expected: 'a name of letters, digits, _ and -, which begins with a letter' })

const expectedSchedule = 'five fields such as "0 3 * * *", six with seconds in front, or "@daily" and its like'

const schedule = text(expectedSchedule).superRefine((pattern, context) => {
  const problem = problemOf(pattern)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

function problemOf(pattern: string): string | undefined {
  const got = JSON.stringify(pattern)
  try {
    return firstSlot(pattern.trim(), Date.now()) === undefined ? `expected a time that comes, got ${got}` : undefined
  } catch (error) {
    return `expected ${expectedSchedule}, got ${got} (${messageOf(error).replace(/^CronPattern: |\.$/g, '')})`
  }
}

const expectedZone = 'a time zone that this machine knows, such as "Europe/Berlin"'

const timeZone = text(expectedZone).superRefine((zone, context) => {
  if (isTimeZone(zone)) return
  context.addIssue({ code: 'custom', message: `expected ${expectedZone}, got ${JSON.stringify(zone)}` })
})

const file = z.strictObject({
  file: outputFile.shape.file.meta({ change: 'live' }),
  maxBytes: outputFile.shape.maxBytes.meta({ change: 'live' }),
  backups: outputFile.shape.backups.meta({ change: 'live' }),
})

const { shell, cwd, env, user, group, umask, successExitCodes, stopSignal, stopTimeout } = programOptions.shape

/** One command or module that the tree runs at certain times. */
export const cronOptions = z.strictObject({
  schedule: schedule.meta({
    change: 'live',
    description:
      'When it runs: five fields, six with seconds in front, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.',
  }),
  command: command.optional().meta({
    change: 'live',
    description:
      'What is run: words, or one text that is split into words as a shell would, but without one. `{name}` and `{env.X}` are ' +
      'replaced. Either this or `module`.',
  }),
  module: path()
    .optional()
    .meta({
      change: 'live',
      description:
        'A file of JavaScript or TypeScript that exports a function by default: it is called in a process of its own, which has the ' +
        'store and the tasks of the tree. Either this or `command`.',
    }),
  shell: shell.meta({ change: 'live' }),
  timeZone: timeZone.optional().meta({
    change: 'live',
    description: 'The zone that `schedule` is meant in, such as `Europe/Berlin`; that of the machine when unset.',
  }),
  overlap: choice(['skip', 'queue', 'allow']).prefault('skip').meta({
    change: 'live',
    description:
      'What is done when the run before is not over: no run, one that begins when that is over, or one beside it, up to 16.',
  }),
  catchUp: choice(['none', 'one'])
    .prefault('none')
    .meta({
      change: 'live',
      description:
        'What is done about a time that was missed by more than a minute, because the tree was down or the machine slept: ' +
        'nothing, or one run for all that were missed.',
    }),
  timeout: duration()
    .prefault(0)
    .meta({ change: 'live', description: 'A run that takes longer is stopped, and has failed; 0 never.' }),
  stopSignal: stopSignal.meta({ change: 'live' }),
  stopTimeout: stopTimeout.meta({ change: 'live' }),
  successExitCodes: successExitCodes.meta({ change: 'live' }),
  cwd: cwd.meta({ change: 'live' }),
  env: env.meta({
    change: 'live',
    description:
      "Environment variables, beside the supervisor's own; of a module also beside those of the first application. `{name}` and " +
      '`{env.X}` are replaced.',
  }),
  user: user.meta({
    change: 'live',
    description:
      'Run it as this user. Only root can. When unset, a command has that of the supervisor, and a module that of the first application.',
  }),
  group: group.meta({ change: 'live' }),
  umask: umask.meta({ change: 'live' }),
  stdout: file.optional().meta({ description: "A file for what it writes to stdout; Saola's own output when unset." }),
  stderr: z
    .union([z.literal('stdout').meta({ description: 'Where stdout goes, in order.' }), file])
    .optional()
    .meta({ description: 'A file for what it writes to stderr, or `"stdout"`: together with that.' }),
})

/** An entry as it is when it has been checked. */
export type CronOptions = Frozen<z.output<typeof cronOptions>>

/** Commands and modules that are run at certain times, by name. */
export const cronSection = z.record(name, cronOptions).prefault({}).meta({
  change: 'live',
  description:
    'Commands and modules by name, such as `cleanup`, that are run at certain times, and by `saola run NAME`.',
})
