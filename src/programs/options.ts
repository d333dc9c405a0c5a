import * as z from 'zod'
import { workersMax } from '../base/cpu-count.ts'
import type { Frozen } from '../base/frozen.ts'
import { addresses, choice, count, duration, path, size, text } from '../base/option-types.ts'
import { parseTcpTarget } from '../base/tcp-target.ts'
import { exampleOf } from '../base/templates.ts'
import { formatDuration } from '../base/units.ts'
import { account, dependencies, outputFile, umask, variables } from '../supervisor/options.ts'

/** As Supervisor: a name of letters, digits, _ and -. */
export const programName = z.string().regex(/^[A-Za-z][\w-]{0,31}$/)

const expectedCommand = 'a command such as "redis-server --port 6379", or a list of its words'

/** A command line, split without a shell, or its words. */
export const command = z.union([text(), z.array(z.string()).min(1)]).meta({ expected: expectedCommand })

const stopSignals = ['TERM', 'HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2'] as const

const aTarget = 'HOST:PORT or a port'
const aUrl = 'a URL such as "http://127.0.0.1:9001/health"'

function expected(what: string) {
  return { error: ({ input }: { input?: unknown }) => `expected ${what}, got ${JSON.stringify(input)}` }
}

const tcp = (what: string) =>
  z.strictObject({
    tcp: z.union([z.string().refine(isTcpTarget, expected(aTarget)), count({ min: 1, max: 65_535 })]).meta({
      change: 'restart',
      expected: aTarget,
      description: `${what} a connection to it is accepted.`,
    }),
  })

const http = (what: string) =>
  z.strictObject({
    http: z
      .string()
      .refine(isHttpUrl, expected(aUrl))
      .meta({
        change: 'restart',
        expected: aUrl,
        description: `${what} a GET of it is answered with a status from 200 to 399.`,
      }),
  })

const byCommand = (what: string) =>
  z.strictObject({
    command: command.meta({ change: 'restart', description: `${what} this command ends with 0.` }),
  })

const byLog = z.strictObject({
  log: text('a text, or a pattern such as "/listening on \\\\d+/"').meta({
    change: 'restart',
    description: 'Ready when a line of its output holds this text, or matches this `/pattern/`.',
  }),
})

/** Both with places to be filled: `127.0.0.1:900{instance}`. */
function isTcpTarget(text: string): boolean {
  try {
    return parseTcpTarget(exampleOf(text)).port > 0
  } catch {
    // What is right is said by the option.
    return false
  }
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(exampleOf(text))
}

const readyTiming = {
  every: duration().prefault('250ms').meta({ change: 'restart', description: 'The time between two attempts.' }),
  timeout: duration()
    .prefault('60s')
    .meta({ change: 'restart', description: 'A program that is not ready after this time has failed to start.' }),
}

const ready = z
  .union([
    tcp('Ready when').extend(readyTiming),
    http('Ready when').extend(readyTiming),
    byCommand('Ready when').extend(readyTiming),
    byLog.extend({ timeout: readyTiming.timeout }),
  ])
  .meta({ expected: '{ tcp }, { http }, { command } or { log }' })

const healthTiming = {
  every: duration().prefault('10s').meta({ change: 'restart', description: 'The time between two checks.' }),
  timeout: duration().prefault('5s').meta({ change: 'restart', description: 'A check that takes longer has failed.' }),
  failures: count({ min: 1 })
    .prefault(3)
    .meta({ change: 'restart', description: 'After so many failed checks in a row the program is restarted.' }),
}

const health = z
  .union([
    tcp('Healthy when').extend(healthTiming),
    http('Healthy when').extend(healthTiming),
    byCommand('Healthy when').extend(healthTiming),
  ])
  .meta({ expected: '{ tcp }, { http } or { command }' })

const backoff = z
  .strictObject({
    min: duration().prefault('1s').meta({ change: 'live', description: 'The wait before the first retry.' }),
    max: duration().prefault('60s').meta({ change: 'live', description: 'The longest wait between two retries.' }),
    growth: choice(['linear', 'double'])
      .prefault('linear')
      .meta({ change: 'live', description: '`"linear"` waits 1, 2, 3 … times `min`, `"double"` 1, 2, 4 … times.' }),
  })
  .superRefine(({ min, max }, context) => {
    if (min <= max) return
    const message = `expected min to be at most max, got ${formatDuration(min)} and ${formatDuration(max)}`
    context.addIssue({ code: 'custom', message })
  })
  .prefault({})
  .meta({ description: 'The wait before a program that ended too early is started again.' })

const recycle = z
  .strictObject({
    lifetime: duration().prefault(0).meta({ change: 'live', description: 'Restart it after this time; 0 never.' }),
    memory: z
      .strictObject({
        soft: size().optional().meta({ change: 'live', description: 'Restart it above this; unset never.' }),
        hard: size().optional().meta({ change: 'live', description: 'Kill it above this; unset never.' }),
      })
      .superRefine(({ soft, hard }, context) => {
        if (soft === undefined || hard === undefined || soft <= hard) return
        const message = 'expected soft to be at most hard: a program is stopped before it is killed'
        context.addIssue({ code: 'custom', message })
      })
      .prefault({})
      .meta({ description: 'Limits of the memory (RSS) of the program and all that it has started.' }),
  })
  .prefault({})
  .meta({ description: 'When a healthy program is restarted.' })

const stdin = z
  .union([
    z.literal('closed'),
    z.strictObject({ text: z.string().meta({ change: 'restart', description: 'It reads this, and then the end.' }) }),
    z.strictObject({ file: path().meta({ change: 'restart', description: 'It reads this file.' }) }),
  ])
  .meta({ expected: '"closed", { text } or { file }' })

/** One command that the tree keeps running, in any language: Supervisor's `[program:x]`. */
export const programOptions = z.strictObject({
  command: command.meta({
    change: 'restart',
    description:
      'What is run: one text, which is split into words as a shell would but without one, or its words. `{instance}`, `{name}` ' +
      "and `{env.X}`, a variable of Saola's own environment, are replaced.",
  }),
  shell: z
    .boolean()
    .prefault(false)
    .meta({ change: 'restart', description: 'Give the command to `/bin/sh -c`, for pipes and the like.' }),
  instances: count({ min: 1, max: workersMax })
    .prefault(1)
    .meta({ change: 'live', description: 'How many processes of it: NAME:0, NAME:1 and so on.' }),
  cwd: path().prefault('.').meta({ change: 'restart', description: 'Its working directory.' }),
  env: variables.meta({
    change: 'restart',
    description: "Environment variables, beside the supervisor's own; `{instance}` and `{env.X}` are replaced.",
  }),
  user: account
    .meta({ expected: 'the name or number of a user' })
    .optional()
    .meta({ change: 'restart', description: 'Run it as this user. Only root can.' }),
  group: account
    .meta({ expected: 'the name or number of a group' })
    .optional()
    .meta({ change: 'restart', description: "Run it as this group; the user's own by default." }),
  umask: umask.optional().meta({
    change: 'restart',
    description: 'Permissions that new files do not get, in octal: "022"; that of the supervisor when unset.',
  }),
  autostart: z
    .boolean()
    .prefault(true)
    .meta({ change: 'live', description: 'Start it with the tree; else with `saola start NAME`.' }),
  restart: choice(['always', 'on-failure', 'never']).prefault('on-failure').meta({
    change: 'live',
    description: 'When it ends after it was up: start it again always, if its exit code is no success, or never.',
  }),
  successExitCodes: z
    .array(count({ max: 255 }))
    .min(1)
    .meta({ expected: 'a list of exit codes such as [0, 2]' })
    .prefault([0])
    .meta({ change: 'live', description: 'Exit codes that mean success.' }),
  startSeconds: duration().prefault('1s').meta({
    change: 'live',
    description: 'A program that ends sooner than this counts as a failed start; 0: it is up at once.',
  }),
  startRetries: count()
    .prefault(3)
    .meta({ change: 'live', description: 'So often a failed start is tried again; then its state is FATAL.' }),
  backoff,
  stopSignal: choice(stopSignals).prefault('TERM').meta({ change: 'live', description: 'What asks it to end.' }),
  stopMode: choice(['group', 'process']).prefault('group').meta({
    change: 'live',
    description:
      'Who gets this signal: the program and all that it has started, or the program alone. A kill is for all.',
  }),
  stopTimeout: duration()
    .prefault('10s')
    .meta({ change: 'live', description: 'What has not ended after this time is killed.' }),
  priority: count({ max: 9_999 }).prefault(999).meta({
    change: 'live',
    description: 'Lower ones start first and stop last; those of the next number stop when they are gone.',
  }),
  dependsOn: dependencies.meta({
    change: 'live',
    description:
      'Programs that must have `started`, be `ready` or have `completed` before it starts. It stops before they do.',
  }),
  ready: ready.optional().meta({
    description: 'When it is ready, beside being up for `startSeconds`: a port, a URL, a command or a line of output.',
  }),
  health: health.optional().meta({ description: 'Checks it for as long as it runs, and restarts it when they fail.' }),
  recycle,
  listen: addresses().optional().meta({
    change: 'restart',
    description:
      'Addresses that Saola binds for it: it inherits them from fd 3 on, with LISTEN_FDS and LISTEN_PID as systemd has them.',
  }),
  stdin: stdin
    .prefault('closed')
    .meta({ change: 'restart', description: 'What it reads: nothing, a text, or a file.' }),
  stdout: outputFile
    .optional()
    .meta({ description: "A file for what it writes to stdout; Saola's own output when unset." }),
  stderr: z
    .union([z.literal('stdout').meta({ description: 'Where stdout goes, in order.' }), outputFile])
    .optional()
    .meta({ description: 'A file for what it writes to stderr, or `"stdout"`: together with that.' }),
})

/** A program, checked: durations in milliseconds, sizes in bytes. */
export type ProgramOptions = Frozen<z.output<typeof programOptions>>

/** Commands of any language by name. */
export const programsOptions = z
  .record(programName, programOptions)
  .prefault({})
  .meta({ description: 'Programs by name, such as `redis`: any command, kept running beside the applications.' })
