/**
 * What makes a write that is sent twice count once. The writes of a process are numbered, by it and here alike, and with each
 * transaction the last number and the answers are kept. When the owner was killed, or the connection broke, the process
 * says whose session it goes on with, hears how far it was, takes the answers that it has missed, and sends the rest again.
 */
import { CommandError } from '../commands/command-error.ts'
import type { Keyspace } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { ReplyParser } from '../resp/reply-parser.ts'
import { ReplyWriter } from '../resp/write-reply.ts'
import type { Answer, Client, Request, Session } from './client.ts'

/** What a request has come to. */
export interface Outcome {
  readonly request: Request
  readonly reply: Reply
}

// A process that was away for longer has ended.
const keptMs = 24 * 3_600_000
// An update in place, where REPLACE deletes and inserts.
const upsert = `INSERT INTO sessions (session, sequence, replies, seen) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (session) DO UPDATE SET sequence = ?2, replies = ?3, seen = ?4`

export class Sessions {
  readonly #keyspace: Keyspace
  readonly #known = new Map<string, Session>()

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  /** The session of this name, from where it was; a new one begins at 0. */
  open(id: Buffer): Session {
    const text = id.toString('latin1')
    const session = this.#known.get(text) ?? this.#load(Buffer.from(id))
    this.#known.set(text, session)
    return session
  }

  /** From now on it goes over this connection. What is still to come over an older one was sent again, and does not count. */
  attach(session: Session, client: Client): void {
    session.client = client
    client.session = session
  }

  /** @throws {CommandError} when a numbered write was carried out already, or comes over a connection of old. */
  check({ client, sequence }: Request): void {
    if (sequence === undefined) return
    const { session } = client
    if (session?.client !== client || sequence <= session.sequence) {
      throw new CommandError('ERR', 'this write was sent again over another connection')
    }
  }

  /** The process has the answers up to this one. */
  acknowledge(session: Session, sequence: number): void {
    const { answers } = session
    if (answers.length === 0 || (answers[0] as Answer).sequence > sequence) return
    const kept = answers.findIndex(answer => answer.sequence > sequence)
    answers.splice(0, kept < 0 ? answers.length : kept)
  }

  /** Part of each transaction: the numbers and answers of its writes. */
  record(outcomes: readonly Outcome[], now: number): void {
    const changed = new Set<Session>()
    for (const { request, reply } of outcomes) {
      const { sequence, client } = request
      const { session } = client
      if (sequence === undefined || session?.client !== client || sequence <= session.sequence) continue
      session.sequence = sequence
      session.answers.push({ sequence, reply })
      changed.add(session)
    }
    for (const { id, sequence, answers } of changed) this.#keyspace.sql(upsert).run(id, sequence, encode(answers), now)
  }

  /** A rolled back transaction may have recorded what did not happen. */
  forget(): void {
    for (const session of this.#known.values()) {
      const { sequence, answers } = this.#load(session.id)
      session.sequence = sequence
      session.answers = answers
    }
  }

  /** A connection has ended; what is in the file is enough to go on. */
  detach(client: Client): void {
    const { session } = client
    if (session?.client === client) this.#known.delete(session.id.toString('latin1'))
  }

  /** Clears away sessions of processes that have ended. */
  sweep(now: number): void {
    this.#keyspace.sql('DELETE FROM sessions WHERE seen < ?').run(now - keptMs)
  }

  #load(id: Buffer): Session {
    const row = this.#keyspace.sql('SELECT sequence, replies FROM sessions WHERE session = ?').get(id)
    if (!row) return { id, sequence: 0, answers: [], client: undefined }
    const [sequence, replies] = row as unknown as [number, Uint8Array]
    return { id, sequence, answers: decode(replies), client: undefined }
  }
}

/** Each number and its answer, one after the other. */
function encode(answers: readonly Answer[]): Buffer {
  const writer = new ReplyWriter()
  for (const { sequence, reply } of answers) {
    writer.append(sequence, 3)
    writer.append(reply, 3)
  }
  return Buffer.concat(writer.take())
}

function decode(bytes: Uint8Array): Answer[] {
  const replies = new ReplyParser().push(Buffer.from(bytes))
  const answers: Answer[] = []
  for (let i = 0; i + 1 < replies.length; i += 2) {
    answers.push({ sequence: replies[i] as number, reply: replies[i + 1] as Reply })
  }
  return answers
}
