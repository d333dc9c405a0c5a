/**
 * The engine inside of a transaction: what is read is remembered, so that the owner can see whether it still holds; what is
 * written is put together, and sent at the end.
 */
import { commands, keysOf } from '../commands/table.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { checkCall } from './check-call.ts'
import type { Argument, Call, CallOptions, Check, Engine, Unsubscribe } from './engine.ts'
import { bytesOf } from './local-reader.ts'

/** They are there for their answer, which comes too late here. */
const answering = new Set([
  ...['saola.map.take', 'saola.map.swap', 'saola.map.drop', 'saola.list.splice'],
  ...[
    'lpop',
    'rpop',
    'lmove',
    'rpoplpush',
    'spop',
    'zpopmin',
    'zpopmax',
    'getdel',
    'getset',
    'smove',
    'saola.zset.trim',
  ],
])

export class RecordingEngine implements Engine {
  readonly #engine: Engine
  readonly #checks: Check[] = []
  readonly #calls: Call[] = []
  /** Who waits for the answer of a call, by its place among them. */
  readonly #hearers = new Map<number, (reply: Reply) => void>()
  readonly #written = new Set<string>()
  #isEnded = false

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get canReadNow(): boolean {
    return this.#engine.canReadNow
  }

  /** Reads answer; a write is noted, and answers null. */
  async call(call: Call, options?: CallOptions): Promise<Reply> {
    this.#throwIfEnded()
    if (!this.#isRead(checkCall(call))) {
      this.#note(call)
      return null
    }
    const reply = await this.#engine.call(call, options)
    this.#checks.push({ call, reply })
    return reply
  }

  /** Whether it is a transaction on this one. */
  isOn(engine: Engine): boolean {
    return this.#engine === engine
  }

  /** A write whose answer is told when all is carried out, before anybody hears of that. */
  write(call: Call, onReply: (reply: Reply) => void): void {
    this.#throwIfEnded()
    this.#note(checkCall(call))
    this.#hearers.set(this.#calls.length - 1, onReply)
  }

  readNow(call: Call): Reply {
    this.#throwIfEnded()
    if (!this.#isRead(checkCall(call))) throw unfit(call)
    const reply = this.#engine.readNow(call)
    this.#checks.push({ call, reply })
    return reply
  }

  async wait(makeCall: (request: string, timeoutMs: number) => Call): Promise<Reply> {
    throw unfit(makeCall('', 0))
  }

  async transaction(): Promise<undefined> {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'A transaction cannot be part of a transaction.')
  }

  async subscribe(): Promise<Unsubscribe> {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'Subscribe outside of the transaction.')
  }

  async watch(): Promise<Unsubscribe> {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'Watch outside of the transaction.')
  }

  async close(): Promise<void> {}

  /** Nothing more comes in. */
  end(): void {
    this.#isEnded = true
  }

  /** Whether it was carried out; false when others have changed what was read. */
  async commit(): Promise<boolean> {
    if (this.#checks.length + this.#calls.length === 0) return true
    const replies = await this.#engine.transaction(this.#checks, this.#calls)
    if (!replies) return false
    for (const [index, tell] of this.#hearers) tell(replies[index] ?? null)
    return true
  }

  #isRead(call: Call): boolean {
    const command = commands.get(call[0])
    if (!command?.flags.includes('readonly')) return false
    const [, ...args] = call
    for (const key of keysOf(command, args.map(bytesOf))) {
      if (this.#written.has(key.toString('latin1'))) throw tooLate(key.toString())
    }
    return true
  }

  #note(call: Call): void {
    const [name, ...args] = call
    const command = commands.get(name)
    const isFit = name === 'publish' || (command?.flags.includes('write') && !command.flags.includes('waits'))
    if (!command || !isFit || answering.has(name)) throw unfit(call)
    const copies = args.map((argument): Argument => (typeof argument === 'object' ? Buffer.from(argument) : argument))
    this.#calls.push([name, ...copies])
    for (const key of keysOf(command, args.map(bytesOf))) this.#written.add(key.toString('latin1'))
  }

  #throwIfEnded(): void {
    if (!this.#isEnded) return
    throw new StoreError('STORE_ARGUMENT_INVALID', 'The transaction has ended: await all that its function does.')
  }
}

function unfit([name]: Call): StoreError {
  const message = `"${name}" cannot be part of a transaction, where writes answer nothing: read with get and the like, then write.`
  return new StoreError('STORE_ARGUMENT_INVALID', message)
}

function tooLate(key: string): StoreError {
  const message = `${JSON.stringify(key)} is read after the transaction has written to it, which it would not see: read first, then write.`
  return new StoreError('STORE_ARGUMENT_INVALID', message)
}
