/** CONFIG: settings of Redis, as far as they mean something here or are remembered (owner/settings.ts). */
import { ok, Pairs } from '../resp/reply.ts'
import { type Command, ownerOf } from './command.ts'
import { CommandError } from './command-error.ts'
import { container } from './container.ts'
import { globOf } from './glob.ts'

export const config: Command = container({
  name: 'config',
  summary: 'Shows and changes settings; what has no meaning here is accepted and remembered, until the owner ends.',
  flags: ['owner', 'admin'],
  subcommands: [
    {
      name: 'get',
      summary: 'The settings whose names match a pattern, and their values.',
      usage: 'pattern [pattern …]',
      arity: -1,
      run: (context, patterns) => {
        const { settings } = ownerOf(context)
        const globs = patterns.map(pattern => globOf(Buffer.from(pattern.toString('latin1').toLowerCase(), 'latin1')))
        const names = [...settings.names].filter(name => globs.some(matches => matches(Buffer.from(name))))
        return new Pairs(names.flatMap(name => [Buffer.from(name), Buffer.from(settings.get(name) ?? '')]))
      },
    },
    {
      name: 'set',
      summary: 'Changes settings, all of them or none.',
      usage: 'name value [name value …]',
      arity: -2,
      run: (context, args) => {
        if (args.length % 2 === 1) throw new CommandError('ERR', 'syntax error')
        const pairs: [string, string][] = []
        for (let i = 0; i < args.length; i += 2) pairs.push([String(args[i]), String(args[i + 1])])
        ownerOf(context).settings.change(pairs)
        return ok
      },
    },
    {
      name: 'resetstat',
      summary: 'Begins to count anew what INFO shows.',
      usage: '',
      arity: 0,
      run: context => {
        const { statistics, clients } = ownerOf(context)
        statistics.reset()
        clients.reset()
        return ok
      },
    },
    {
      name: 'rewrite',
      summary: 'There is no file of Redis to write settings to: always an error.',
      usage: '',
      arity: 0,
      run: () => {
        throw new CommandError('ERR', 'The server is running without a config file')
      },
    },
  ],
})
