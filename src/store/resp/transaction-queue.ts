/**
 * What a connection answers by itself: whoever has not given the password, whoever only listens, and what is kept between MULTI
 * and EXEC. All else goes to the owner.
 */
import type { Command } from '../commands/command.ts'
import type { CommandError } from '../commands/command-error.ts'
import { countSubscriptions } from '../commands/subscriptions.ts'
import type { Client, QueuedTransaction, Request } from '../owner/client.ts'
import { ok, type Reply, ReplyError, Status } from './reply.ts'

const queued = new Status('QUEUED')
const nested = new ReplyError('ERR', 'MULTI calls can not be nested')
const watchInside = new ReplyError('ERR', 'WATCH inside MULTI is not allowed')
const discardAlone = new ReplyError('ERR', 'DISCARD without MULTI')
const execAlone = new ReplyError('ERR', 'EXEC without MULTI')
const aborted = new ReplyError('EXECABORT', 'Transaction discarded because of previous errors.')
const loggedOut = new ReplyError('NOAUTH', 'Authentication required.')
const notInside = new ReplyError('ERR', 'Command not allowed inside a transaction')
const tooMuch = new ReplyError('ERR', 'the commands since MULTI are more than this connection may keep')
const onlyHere = new ReplyError('NOPERM', "this can only be asked for on the store's own machine, over its own socket")

// What a queued call occupies beside its bytes.
const callBytes = 200
const partBytes = 100

/** Carried out also between MULTI and EXEC. */
const immediate = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset'])
/** What a connection of RESP2 that listens may still say. */
const whileListening = new Set(['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'ping', 'quit', 'reset'])

/** Whether a command changes the connection now, and is not kept for EXEC. */
export function isForConnection({ transaction }: Client, { name, flags }: Command): boolean {
  return flags.includes('connection') && (transaction === undefined || immediate.has(name))
}

/**
 * The reply that needs no owner; undefined when it has to be asked.
 *
 * @param bytesMax what may be kept between MULTI and EXEC.
 */
export function replyAtOnce(
  client: Client,
  command: Command,
  parts: readonly Buffer[],
  bytesMax: number,
): Reply | undefined {
  const { transaction } = client
  const refusal = refusalOf(client, command)
  if (refusal) return refuse(transaction, refusal)
  // All of a process share it: the owner says so.
  if (client.session) return undefined
  if (transaction && !immediate.has(command.name)) {
    return command.flags.includes('alone') ? refuse(transaction, notInside) : keep(transaction, parts, bytesMax)
  }
  switch (command.name) {
    case 'multi':
      if (transaction) return nested
      client.transaction = { calls: [], bytes: 0, isAborted: false }
      return ok
    case 'watch':
      return transaction ? watchInside : undefined
    case 'discard':
      return transaction ? undefined : discardAlone
    case 'exec':
      if (transaction?.isAborted !== true) return transaction ? undefined : execAlone
      client.transaction = undefined
      return aborted
    default:
      return undefined
  }
}

/** An unknown command, or one with a wrong number of arguments: EXEC will refuse all; and at once when it is EXEC itself. */
export function replyToMistake(client: Client, [name]: readonly Buffer[], { code, message }: CommandError): ReplyError {
  const { transaction } = client
  if (transaction) transaction.isAborted = true
  if (!/^exec$/i.test(String(name))) return new ReplyError(code, message)
  client.transaction = undefined
  return new ReplyError('EXECABORT', `Transaction discarded because of: ${message}`)
}

/** The request with what its connection has kept since WATCH and MULTI. EXEC, DISCARD, RESET and UNWATCH end that. */
export function withKept(request: Request, name: string): Request {
  const { client } = request
  switch (name) {
    case 'watch':
      client.watched ??= { keys: new Map(), isBroken: false }
      return { ...request, watched: client.watched }
    case 'exec':
    case 'discard':
    case 'reset':
    case 'unwatch': {
      const { watched, transaction } = client
      client.watched = undefined
      client.transaction = undefined
      return name === 'exec' ? { ...request, watched, transaction } : { ...request, watched }
    }
    default:
      return request
  }
}

function refusalOf(client: Client, { name, flags }: Command): ReplyError | undefined {
  if (!client.isAuthenticated && !flags.includes('anyone')) return loggedOut
  if (flags.includes('local') && client.connection?.isLocal !== true) return onlyHere
  if (client.protocol === 3 || countSubscriptions(client) === 0 || whileListening.has(name)) return undefined
  const rule = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context'
  return new ReplyError('ERR', `Can't execute '${name}': ${rule}`)
}

function refuse(transaction: QueuedTransaction | undefined, refusal: ReplyError): ReplyError {
  if (transaction) transaction.isAborted = true
  return refusal
}

function keep(transaction: QueuedTransaction, parts: readonly Buffer[], bytesMax: number): Reply {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  transaction.bytes += size + callBytes + partBytes * parts.length
  if (transaction.bytes > bytesMax) {
    // It takes up no more than it may.
    transaction.calls.length = 0
    return refuse(transaction, tooMuch)
  }
  // Nothing is carried out any more.
  if (!transaction.isAborted) transaction.calls.push(copied(parts, size))
  return queued
}

/** They lie in chunks of the connection, which would be kept with them. */
function copied(parts: readonly Buffer[], size: number): Buffer[] {
  const all = Buffer.allocUnsafeSlow(size)
  let at = 0
  return parts.map(part => {
    const from = at
    at += part.copy(all, at)
    return all.subarray(from, at)
  })
}
