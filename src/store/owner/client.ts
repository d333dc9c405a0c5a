/** Who asks the owner, and what: connections, their sessions, and requests. */
import type { Reply } from '../resp/reply.ts'

/** A connection, as commands see it. */
export interface Client {
  readonly id: number
  name: string
  /** 2 or 3: the version of RESP that it speaks. */
  protocol: 2 | 3
  /** The number of the database that its commands are about. */
  database: number
  /** Set by a connection of saola/store: its writes are numbered. */
  session: Session | undefined
  /** Sends something that it did not ask for. */
  push(reply: Reply): void
}

/** A connection as it begins. */
export function newClient(own: Pick<Client, 'id' | 'push'> & Partial<Client>): Client {
  return { name: '', protocol: 2, database: 0, session: undefined, ...own }
}

/** One command that somebody asks for. */
export interface Request {
  readonly client: Client
  /** The name and the arguments. */
  readonly parts: readonly Buffer[]
  /** The number that a write of a session has there. */
  readonly sequence?: number | undefined
  /** Called once, after the commit. */
  answer(reply: Reply): void
}

/** The numbered writes of one process: see sessions.ts. */
export interface Session {
  readonly id: Buffer
  /** The number of the last write that was carried out. */
  sequence: number
  /** Answers that the process may not have got yet, in their order. */
  answers: Answer[]
  /** Its present connection. */
  client: Client | undefined
}

export interface Answer {
  readonly sequence: number
  readonly reply: Reply
}
