/** Several commands at once, all or nothing. */
import type { Reply } from '../resp/reply.ts'
import { ReplyWriter } from '../resp/write-reply.ts'
import { integerOf } from './arguments.ts'
import type { Command, CommandContext } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'

export const transactions: readonly Command[] = [
  {
    name: 'saola.transaction',
    summary:
      'Runs calls if each check still gets its reply, else answers null. A call that fails undoes all of them. A call is the number of its parts and the parts; a check has its encoded reply behind them.',
    usage: 'checks calls [call reply …] [call …]',
    arity: -2,
    flags: ['write'],
    keys: undefined,
    run: (context, [checks, calls, ...rest]) => {
      const parts = rest.values()
      for (let i = integerOf(checks); i > 0; i--) {
        const call = takeCall(parts)
        const expected = parts.next().value
        if (!expected?.equals(encoded(run(context, call, 'readonly')))) return null
      }
      const replies: Reply[] = []
      for (let i = integerOf(calls); i > 0; i--) replies.push(run(context, takeCall(parts), 'write'))
      return replies
    },
  },
]

function takeCall(parts: Iterator<Buffer>): Buffer[] {
  const call: Buffer[] = []
  for (let i = integerOf(parts.next().value); i > 0; i--) {
    const part = parts.next().value
    if (!part) throw syntaxError()
    call.push(part)
  }
  return call
}

function run(context: CommandContext, call: readonly Buffer[], wanted: 'readonly' | 'write'): Reply {
  const command = context.commandOf(call)
  const { flags } = command
  const isFit =
    flags.includes(wanted) || (wanted === 'write' && flags.includes('readonly')) || command.name === 'publish'
  if (!isFit || flags.includes('waits') || command.name === 'saola.transaction') {
    throw new CommandError('ERR', `'${command.name}' cannot be part of a transaction`)
  }
  return context.run(command, call)
}

function encoded(reply: Reply): Buffer {
  const writer = new ReplyWriter()
  writer.append(reply, 3)
  return Buffer.concat(writer.take())
}
