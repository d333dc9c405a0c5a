/** What an operator asks a store for. */
import { ok, Pairs } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import type { Command, CommandContext, StoreFiles } from './command.ts'
import { CommandError } from './command-error.ts'

export const administration: readonly Command[] = [
  {
    name: 'saola.info',
    summary: 'How much the store holds, and how it does.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: ({ keyspace, owner }) => {
      const files = owner?.files
      const text = (value: string) => Buffer.from(value)
      const info = {
        keys: keyspace.count(),
        ...(files ? { dir: text(files.dir), durability: text(files.durability), bytes: files.size() } : {}),
        pid: process.pid,
        uptimeSeconds: Math.floor(process.uptime()),
        rssBytes: process.memoryUsage.rss(),
      }
      return new Pairs(Object.entries(info).flatMap(([name, value]) => [text(name), value]))
    },
  },
  {
    name: 'saola.backup',
    summary: 'Saves all of it in a file, while writes go on.',
    usage: 'file',
    arity: 1,
    flags: ['owner', 'local'],
    keys: undefined,
    run: (context, [file]) => answer(context, files => files.backup(String(file))),
  },
  {
    name: 'saola.restore',
    summary: 'Puts a backup in the place of all there is.',
    usage: 'file',
    arity: 1,
    flags: ['owner', 'local'],
    keys: undefined,
    run: (context, [file]) => answer(context, files => files.restore(String(file))),
  },
  {
    name: 'saola.check',
    summary: 'What is wrong with the file, a line each.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: context => {
      const { owner } = context
      return owner
        ? owner.answerWith(
            filesOf(context)
              .check()
              .then(lines => lines.map(line => Buffer.from(line))),
          )
        : null
    },
  },
  {
    name: 'saola.handover',
    summary: 'Closes the store, for the owner of a tree, which goes on with it.',
    usage: 'tree supervisor',
    arity: 2,
    flags: ['owner', 'local'],
    keys: undefined,
    run: (context, [name, supervisor]) => {
      filesOf(context).handOver({ name: String(name), supervisorPid: integerOf(supervisor as Buffer) })
      return ok
    },
  },
]

function answer(context: CommandContext, work: (files: StoreFiles) => Promise<void>) {
  const { owner } = context
  return owner ? owner.answerWith(work(filesOf(context)).then(() => ok)) : null
}

function filesOf({ owner }: CommandContext): StoreFiles {
  if (owner?.files) return owner.files
  throw new CommandError('STORE_UNSUPPORTED', 'a store in memory has no files')
}
