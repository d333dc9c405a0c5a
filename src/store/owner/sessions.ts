/**
 * What makes a write that is sent twice count once. The writes of a process are numbered, by it and here alike, and with each
 * transaction the last number and the answers are kept. When the owner was killed, or the connection broke, the process
 * says whose session it goes on with, hears how far it was, takes the answers that it has missed, and sends the rest again.
 */
import type { Keyspace } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { ReplyParser } from '../resp/reply-parser.ts'
import { ReplyWriter } from '../resp/write-reply.ts'

export interface Session {
  readonly id: Buffer
  /** The number of the last write. */
  sequence: number
  /** Answers that the process may not have got yet, in their order. */
  answers: { readonly sequence: number; readonly reply: Reply }[]
}

interface Numbered {
  readonly request: { readonly client: { readonly session: Session | undefined } }
  readonly reply: Reply
  readonly sequence: number | undefined
}

// A process that was away for longer has ended.
const keptMs = 24 * 3_600_000

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

  /** The number of the next write. */
  next(session: Session): number {
    session.sequence++
    return session.sequence
  }

  /** The process has the answers up to this one. */
  acknowledge(session: Session, sequence: number): void {
    const { answers } = session
    const kept = answers.findIndex(answer => answer.sequence > sequence)
    answers.splice(0, kept < 0 ? answers.length : kept)
  }

  /** Part of each transaction: the numbers and answers of its writes. */
  record(outcomes: readonly Numbered[], now: number): void {
    const changed = new Set<Session>()
    for (const { request, reply, sequence } of outcomes) {
      const { session } = request.client
      if (!session || sequence === undefined) continue
      session.answers.push({ sequence, reply })
      changed.add(session)
    }
    for (const { id, sequence, answers } of changed) {
      this.#keyspace
        .sql('INSERT OR REPLACE INTO sessions (session, sequence, replies, seen) VALUES (?, ?, ?, ?)')
        .run(id, sequence, encode(answers), now)
    }
  }

  /** A rolled back transaction has counted numbers that were not used. */
  forget(): void {
    for (const session of this.#known.values()) {
      const { sequence, answers } = this.#load(session.id)
      session.sequence = sequence
      session.answers = answers
    }
  }

  /** The connection has ended; what is in the file is enough to go on. */
  close(session: Session): void {
    this.#known.delete(session.id.toString('latin1'))
  }

  /** Clears away sessions of processes that have ended. */
  sweep(now: number): void {
    this.#keyspace.sql('DELETE FROM sessions WHERE seen < ?').run(now - keptMs)
  }

  #load(id: Buffer): Session {
    const row = this.#keyspace.sql('SELECT sequence, replies FROM sessions WHERE session = ?').get(id)
    if (!row) return { id, sequence: 0, answers: [] }
    const [sequence, replies] = row as unknown as [number, Uint8Array]
    return { id, sequence, answers: decode(replies, sequence) }
  }
}

function encode(answers: Session['answers']): Buffer {
  const writer = new ReplyWriter()
  for (const { reply } of answers) writer.append(reply, 3)
  return Buffer.concat(writer.take())
}

/** Numbers of the answers are in sequence, and the last one is known. */
function decode(bytes: Uint8Array, last: number): Session['answers'] {
  const parser = new ReplyParser()
  const replies = parser.push(Buffer.from(bytes))
  return replies.map((reply, i) => ({ sequence: last - replies.length + 1 + i, reply }))
}
