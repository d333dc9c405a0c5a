/** What an operator asks a Redis for that is neither a setting nor a connection: the time, snapshots, roles, slow requests. */
import { ok, Status } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, ownerOf, type StoreFiles } from './command.ts'
import { CommandError, notAnInteger, syntaxError } from './command-error.ts'
import { container } from './container.ts'
import { bytesOfKey } from './memory-usage.ts'

export const timeAndSaves: readonly Command[] = [
  {
    name: 'time',
    summary: 'The time of the store: seconds since 1970, and microseconds.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: ({ now }) => [
      Buffer.from(String(Math.floor(now / 1000))),
      Buffer.from(String(Math.floor((now % 1000) * 1000))),
    ],
  },
  {
    name: 'echo',
    summary: 'Answers what it is given.',
    usage: 'message',
    arity: 1,
    flags: ['owner'],
    keys: undefined,
    run: (_context, [message]) => message as Buffer,
  },
  {
    name: 'wait',
    summary: 'How many replicas have what this connection has written: there are none, so always 0, at once.',
    usage: 'replicas timeout',
    arity: 2,
    flags: ['owner'],
    keys: undefined,
    run: (_context, [replicas, timeout]) => {
      integerOf(replicas)
      if (timeoutOf(timeout) < 0) throw new CommandError('ERR', 'timeout is negative')
      return 0
    },
  },
  {
    name: 'save',
    summary: 'Takes a snapshot, and answers when it is verified. Others are served meanwhile.',
    usage: '',
    arity: 0,
    flags: ['owner', 'admin', 'alone'],
    keys: undefined,
    run: context => {
      const files = filesOf(context)
      if (files.isSnapshotUnderWay()) throw saveUnderWay()
      return ownerOf(context).answerWith(files.snapshot().then(() => ok))
    },
  },
  {
    name: 'bgsave',
    summary: 'Begins to take a snapshot.',
    usage: '[SCHEDULE]',
    arity: [0, 1],
    flags: ['owner', 'admin'],
    keys: undefined,
    run: (context, [option]) => {
      if (option && wordOf(option) !== 'SCHEDULE') throw syntaxError()
      const files = filesOf(context)
      if (files.isSnapshotUnderWay()) throw saveUnderWay()
      // How it ends is in the log, and in LASTSAVE and INFO.
      files.snapshot().catch(() => {})
      return new Status('Background saving started')
    },
  },
  {
    name: 'lastsave',
    summary: 'When the last snapshot was taken, in seconds since 1970; before the first, when the owner began.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: context => {
      const { files, statistics } = ownerOf(context)
      return Math.floor((files?.snapshotAt() ?? statistics.startedAt) / 1000)
    },
  },
  {
    name: 'role',
    summary: 'Always that of a master without replicas.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: () => [Buffer.from('master'), 0, []],
  },
  container({
    name: 'slowlog',
    summary: 'Requests that took long.',
    flags: ['owner', 'admin'],
    subcommands: [
      {
        name: 'get',
        summary: 'The last ones: 10 by default, all for -1.',
        usage: '[count]',
        arity: [0, 1],
        run: (context, [count]) => slowRequests(context, count),
      },
      {
        name: 'len',
        summary: 'How many are kept.',
        usage: '',
        arity: 0,
        run: context => ownerOf(context).statistics.slowLog.length,
      },
      {
        name: 'reset',
        summary: 'Forgets them.',
        usage: '',
        arity: 0,
        run: context => {
          ownerOf(context).statistics.slowLog.reset()
          return ok
        },
      },
    ],
  }),
  container({
    name: 'memory',
    summary: 'How many bytes a key has.',
    flags: ['readonly', 'single'],
    keys: { first: 1, last: 1, step: 1 },
    subcommands: [
      {
        name: 'usage',
        summary: 'Bytes of a key and of what it holds, in the file; elements are counted as the first 1,000 are.',
        usage: 'key [SAMPLES count]',
        arity: [1, 3],
        run: (context, [key, option, count]) => {
          if (option !== undefined) {
            if (wordOf(option) !== 'SAMPLES' || count === undefined) throw syntaxError()
            if (integerOf(count) < 0) throw syntaxError()
          }
          const entry = context.keyspace.find(key as Buffer)
          return entry ? bytesOfKey(context.keyspace, entry) : null
        },
      },
    ],
  }),
]

function timeoutOf(argument: Buffer | undefined): number {
  try {
    return integerOf(argument)
  } catch {
    throw new CommandError('ERR', 'timeout is not an integer or out of range')
  }
}

function saveUnderWay(): CommandError {
  return new CommandError('ERR', 'Background save already in progress')
}

function filesOf(context: CommandContext): StoreFiles {
  const { files } = ownerOf(context)
  if (files) return files
  throw new CommandError('STORE_UNSUPPORTED', 'a store in memory has no files')
}

function slowRequests(context: CommandContext, argument: Buffer | undefined) {
  const count = argument === undefined ? 10 : countOf(argument)
  const { slowLog } = ownerOf(context).statistics
  return slowLog
    .latest(count === -1 ? slowLog.length : count)
    .map(({ id, at, ms, parts, address, name }) => [
      id,
      Math.floor(at / 1000),
      Math.round(ms * 1000),
      parts,
      Buffer.from(address),
      Buffer.from(name),
    ])
}

function countOf(argument: Buffer): number {
  const wrong = new CommandError('ERR', 'count should be greater than or equal to -1')
  try {
    const count = integerOf(argument)
    if (count >= -1) return count
  } catch (error) {
    if (!(error instanceof CommandError) || error.message !== notAnInteger().message) throw error
  }
  throw wrong
}
