import * as z from 'zod'
import { logLevels } from '../base/log.ts'
import { addresses, choice, count, duration, path, share, size, text, workerRange } from '../base/option-types.ts'
import { formatDuration } from '../base/units.ts'

/** A file that lines go to, rotated by size. */
export const outputFile = z.strictObject({
  file: path().meta({ change: 'restart', description: 'The file.' }),
  maxBytes: size().prefault('50MB').meta({ change: 'restart', description: 'Rotate above this size; 0 never.' }),
  backups: count().prefault(10).meta({ change: 'restart', description: 'How many rotated files are kept.' }),
})

const sticky = z
  .strictObject({
    by: choice(['ip', 'cookie'])
      .prefault('ip')
      .meta({ change: 'restart', description: 'What tells one client from another: its address, or a cookie.' }),
    cookie: z
      .string()
      .regex(/^[\w.-]{1,64}$/)
      .meta({ expected: 'the name of a cookie, of letters, digits and _ . -' })
      .prefault('saola_route')
      .meta({ change: 'restart', description: 'The name of that cookie.' }),
  })
  .prefault({})
  .meta({ description: 'How `balance: "sticky"` finds the worker that a client had before.' })

const backoff = z
  .strictObject({
    min: duration().prefault('100ms').meta({ change: 'live', description: 'The wait before the first retry.' }),
    max: duration().prefault('10s').meta({ change: 'live', description: 'The longest wait between two retries.' }),
  })
  .superRefine(({ min, max }, context) => {
    if (min > max)
      context.addIssue({
        code: 'custom',
        message: `expected min to be at most max, got ${formatDuration(min)} and ${formatDuration(max)}`,
      })
  })
  .prefault({})
  .meta({ description: 'The wait before a worker that ended too early is started again; it doubles each time.' })

const memory = z
  .strictObject({
    soft: share()
      .optional()
      .meta({ change: 'live', description: 'Drain and replace a worker above this; unset never.' }),
    hard: share()
      .optional()
      .meta({ change: 'live', description: 'Kill and replace a worker above this; unset never.' }),
  })
  .superRefine(({ soft, hard }, context) => {
    const isAbove =
      (soft && hard && 'bytes' in soft && 'bytes' in hard && soft.bytes > hard.bytes) ||
      (soft && hard && 'fraction' in soft && 'fraction' in hard && soft.fraction > hard.fraction)
    if (isAbove) {
      const message =
        'expected soft to be at most hard: a worker is drained before it is killed, got a soft limit above'
      context.addIssue({ code: 'custom', message: `${message} the hard one` })
    }
  })
  .prefault({})
  .meta({
    description:
      'Limits of the memory of one worker (RSS). A share is one of the memory that each worker may have: ' +
      "the container's limit, else the machine's memory, divided by the workers.",
  })

const recycle = z
  .strictObject({
    requests: count()
      .prefault(0)
      .meta({ change: 'restart', description: 'Replace a worker after so many requests; 0 never.' }),
    jitter: count()
      .prefault(0)
      .meta({ change: 'restart', description: 'Up to so many requests more, at random, so that not all go at once.' }),
    lifetime: duration()
      .prefault('0')
      .meta({ change: 'live', description: 'Replace a worker after this time; 0 never.' }),
    memory,
  })
  .prefault({})
  .meta({ description: 'When a healthy worker is drained and replaced.' })

const dependency = choice(['started', 'ready', 'completed'])

const programName = z.string().regex(/^[A-Za-z][\w-]{0,31}$/)

/** Programs that have to be there first: a list of names, or what is waited for by name; resolved to the latter. */
export const dependencies = z
  .union([
    z
      .array(programName)
      .transform(
        (names): Record<string, 'started' | 'ready' | 'completed'> =>
          Object.fromEntries(names.map(name => [name, 'ready'])),
      ),
    z.record(programName, dependency),
  ])
  .meta({ expected: 'names of programs such as ["redis"], or what is waited for, such as { redis: "ready" }' })
  .prefault({})

/** Who a process runs as: a name or a number. */
export const account = z.union([z.string().min(1), z.int().min(0)]).transform(String)

/** Variables of the environment. Any of them may be a secret: only their names are shown. */
export const variables = z
  .record(z.string().regex(/^[^=\0]+$/), z.string().meta({ kind: 'secret', expected: 'a text' }))
  .meta({ expected: 'variables and their texts, such as { NODE_ENV: "production" }' })
  .prefault({})

/** Permissions that new files do not get. */
export const umask = z
  .union([z.string().regex(/^(?:0o?)?[0-7]{1,3}$/), z.int().min(0).max(0o777)])
  .transform(value => (typeof value === 'string' ? Number.parseInt(value.replace(/^0o/, ''), 8) : value))
  .meta({ kind: 'octal', expected: 'a file mode mask such as "022" or 0o022' })

/** How the supervisor runs one application. */
export const supervisorOptions = z.strictObject({
  listen: addresses().prefault('127.0.0.1:8000').meta({
    change: 'restart',
    description: 'Where it listens: `HOST:PORT`, `:PORT`, `[::1]:PORT`, `unix:PATH`, `fd://N` or `systemd:NAME`.',
  }),
  workers: workerRange().prefault('auto').meta({
    change: 'live',
    description:
      'How many workers: `"auto"` (the cores, capped by the CPU quota of the container), a number, or a range.',
  }),
  balance: choice(['shared', 'round-robin', 'least-connections', 'sticky']).prefault('shared').meta({
    change: 'restart',
    description:
      'Who takes a connection: any worker from the shared socket, or the one that the supervisor chooses and hands it to.',
  }),
  sticky,
  backlog: count({ min: 1, max: 65_535 })
    .prefault(2048)
    .meta({ change: 'restart', description: 'Connections that wait in the kernel to be accepted.' }),
  timeout: duration()
    .prefault('30s')
    .meta({ change: 'live', description: 'Kill a worker whose event loop stands still for so long; 0 never.' }),
  bootTimeout: duration()
    .prefault('60s')
    .meta({ change: 'restart', description: 'A worker that is not ready after this time has failed.' }),
  startSeconds: duration().prefault('1s').meta({
    change: 'live',
    description: 'A worker that ends sooner than this after its start counts as a failed start.',
  }),
  startRetries: count()
    .prefault(10)
    .meta({ change: 'live', description: 'After so many failed starts in a row its state is FATAL.' }),
  backoff,
  recycle,
  user: account
    .meta({ expected: 'the name or number of a user' })
    .optional()
    .meta({ change: 'restart', description: 'Run the workers as this user. Only root can.' }),
  group: account
    .meta({ expected: 'the name or number of a group' })
    .optional()
    .meta({ change: 'restart', description: "Run the workers as this group; the user's own by default." }),
  env: variables.meta({
    change: 'restart',
    description: "Environment variables of the workers, beside the supervisor's own.",
  }),
  node: z
    .array(text('a flag of Node'))
    .meta({ expected: 'a list of flags of Node such as ["--enable-source-maps"]' })
    .prefault([])
    .meta({ change: 'restart', description: 'Flags of Node for the workers.' }),
  cwd: path().prefault('.').meta({ change: 'restart', description: 'The working directory of the workers.' }),
  dependsOn: dependencies.meta({
    change: 'live',
    description: 'Programs that must have `started`, be `ready` or have `completed` before the first worker starts.',
  }),
  stdout: outputFile
    .optional()
    .meta({ description: "A file for what the workers write to stdout; Saola's own output when unset." }),
  stderr: outputFile
    .optional()
    .meta({ description: "A file for what the workers write to stderr; Saola's own output when unset." }),
})

const log = z
  .strictObject({
    level: choice(logLevels).prefault('info').meta({ change: 'live', description: 'The least level that is written.' }),
    format: choice(['auto', 'pretty', 'json', 'raw']).prefault('auto').meta({
      change: 'refused',
      description:
        '`"auto"` is `"pretty"` on a terminal and `"json"` elsewhere; `"raw"` leaves the lines of the workers as they are.',
    }),
    file: path().prefault('-').meta({ change: 'refused', description: 'The file; `-` is standard output.' }),
    maxBytes: size().prefault('50MB').meta({ change: 'refused', description: 'Rotate above this size; 0 never.' }),
    backups: count().prefault(10).meta({ change: 'refused', description: 'How many rotated files are kept.' }),
  })
  .prefault({})
  .meta({ description: "Saola's own log, in which the output of the workers stands, too." })

/** What the supervisor of a tree needs beside its applications. */
export const treeOptions = z.strictObject({
  log,
  pidFile: path().optional().meta({ change: 'refused', description: 'Write the process id of the supervisor here.' }),
  umask: umask.optional().meta({
    change: 'refused',
    description: 'Permissions that new files do not get, in octal: "022"; as inherited when unset.',
  }),
})
