/** Who a connection is and what it speaks: what changes the connection itself. */
import { setTimeout as pause } from 'node:timers/promises'
import { databasesMax } from '../database/key-names.ts'
import { ok, Pairs, type Reply, ReplyError, Status } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type OwnerContext, ownerOf } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'

export const identification: readonly Command[] = [
  {
    name: 'select',
    summary: 'Chooses the database of this connection, from 0 to 15. Structures of saola/store are in 0.',
    usage: 'index',
    arity: 1,
    flags: ['connection', 'owner'],
    keys: undefined,
    run: (context, [index]) => {
      const owner = ownerOf(context)
      const database = integerOf(index)
      if (database < 0 || database >= databasesMax) throw new CommandError('ERR', 'DB index is out of range')
      const { client } = owner
      const before = client.database
      owner.onRollBack(() => {
        client.database = before
      })
      client.database = database
      return ok
    },
  },
  {
    name: 'auth',
    summary: 'Gives the password. The only user is `default`.',
    usage: '[username] password',
    arity: -1,
    flags: ['connection', 'owner', 'anyone'],
    keys: undefined,
    run: (context, args) => {
      if (args.length > 2) throw syntaxError()
      const owner = ownerOf(context)
      if (!owner.client.connection?.password && args.length === 1) throw noPassword()
      const [user, password] = args.length === 1 ? [defaultUser, args[0]] : args
      return logIn(owner, user as Buffer, password as Buffer, () => ok)
    },
  },
  {
    name: 'hello',
    summary:
      'Which version of the protocol is spoken from now on, 2 or 3; and what AUTH and CLIENT SETNAME do, in one.',
    usage: '[version [AUTH username password] [SETNAME name]]',
    arity: [0, Number.POSITIVE_INFINITY],
    flags: ['connection', 'owner', 'anyone'],
    keys: undefined,
    run: (context, args) => {
      const owner = ownerOf(context)
      const { version, user, password, name } = helloOf(args)
      const greet = () => greeting(owner, version, name)
      if (user && password) return logIn(owner, user, password, greet)
      if (!owner.client.isAuthenticated) throw new CommandError('NOAUTH', helloFirst)
      return greet()
    },
  },
  {
    name: 'reset',
    summary: 'Makes the connection as it was when it began; the password has to be given again.',
    usage: '',
    arity: 0,
    flags: ['connection', 'owner', 'anyone'],
    keys: undefined,
    run: context => {
      const { client, topics, watched, conflicts } = ownerOf(context)
      topics.leave(client)
      if (watched) conflicts.release(watched)
      client.database = 0
      client.protocol = 2
      client.name = ''
      client.isAuthenticated = client.connection?.password === undefined
      return reset
    },
  },
  {
    name: 'quit',
    summary: 'Ends the connection.',
    usage: '',
    arity: [0, Number.POSITIVE_INFINITY],
    flags: ['connection', 'owner', 'anyone'],
    keys: undefined,
    run: context => {
      ownerOf(context).client.connection?.end({ afterReply: true })
      return ok
    },
  },
]

const defaultUser = Buffer.from('default')
const reset = new Status('RESET')
const helloFirst =
  'HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'

function noPassword(): CommandError {
  const message =
    'AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?'
  return new CommandError('ERR', message)
}

/** A wrong password is answered late, the later the more of them have come from there. */
function logIn(owner: OwnerContext, user: Buffer, password: Buffer, done: () => Reply): Reply {
  const { client } = owner
  const { connection } = client
  const isDefault = user.equals(defaultUser)
  // Without a password anybody is the default user.
  const checked = connection?.password
    ? connection.password.check(user.toString('latin1'), password, connection.address)
    : { isRight: isDefault, delayMs: 0 }
  if (checked.isRight) {
    client.isAuthenticated = true
    return done()
  }
  const wrong = new ReplyError('WRONGPASS', 'invalid username-password pair or user is disabled.')
  return owner.transaction ? wrong : owner.answerWith(pause(checked.delayMs, wrong, { ref: false }))
}

interface Hello {
  readonly version: 2 | 3 | undefined
  readonly user?: Buffer | undefined
  readonly password?: Buffer | undefined
  readonly name?: Buffer | undefined
}

function helloOf(args: readonly Buffer[]): Hello {
  const [versionText, ...options] = args
  if (!versionText) return { version: undefined }
  const version = Number(/^[+-]?\d{1,15}$/.exec(versionText.toString('latin1'))?.[0] ?? Number.NaN)
  if (Number.isNaN(version)) throw new CommandError('ERR', 'Protocol version is not an integer or out of range')
  if (version !== 2 && version !== 3) throw new CommandError('NOPROTO', 'unsupported protocol version')
  let hello: Hello = { version }
  for (let i = 0; i < options.length; ) {
    const word = wordOf(options[i])
    if (word === 'AUTH' && i + 2 < options.length) {
      hello = { ...hello, user: options[i + 1], password: options[i + 2] }
      i += 3
    } else if (word === 'SETNAME' && i + 1 < options.length) {
      hello = { ...hello, name: options[i + 1] }
      i += 2
    } else throw new CommandError('ERR', `Syntax error in HELLO option '${String(options[i]).slice(0, 128)}'`)
  }
  return hello
}

function greeting({ client }: OwnerContext, version: 2 | 3 | undefined, name: Buffer | undefined): Reply {
  if (name?.some(byte => byte <= 0x20 || byte >= 0x7f)) {
    throw new CommandError('ERR', 'Client names cannot contain spaces, newlines or special characters.')
  }
  if (name) client.name = name.toString('latin1')
  if (version !== undefined) client.protocol = version
  const text = (value: string) => Buffer.from(value)
  const about: Record<string, Reply> = {
    server: text('saola'),
    version: text(redisVersion),
    proto: client.protocol,
    id: client.id,
    mode: text('standalone'),
    role: text('master'),
    modules: [],
  }
  return new Pairs(Object.entries(about).flatMap(([key, value]) => [text(key), value]))
}

// Whose commands these are: clients decide by it what they send.
const redisVersion = '7.0.15'
