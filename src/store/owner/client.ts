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
  /** False until it has given the password, where there is one. */
  isAuthenticated: boolean
  /** Set by a connection of saola/store: its writes are numbered. */
  session: Session | undefined
  /** What it listens to, with SUBSCRIBE or a topic. The names are latin1 of their bytes. */
  readonly channels: Set<string>
  readonly patterns: Set<string>
  /** Since its MULTI. */
  transaction: QueuedTransaction | undefined
  /** Since its WATCH: see conflicts.ts. */
  watched: WatchedKeys | undefined
  /** The name of the command that it has sent last. */
  lastCommand: string
  /** The socket behind it; undefined for an owner in the same process. */
  readonly connection: ClientConnection | undefined
  /** Sends something that it did not ask for. */
  push(reply: Reply): void
}

/** The socket of a client. */
export interface ClientConnection {
  /** Where it comes from, such as `127.0.0.1:51042`; of a socket path that path with `:0`. */
  readonly address: string
  /** What it has connected to. */
  readonly localAddress: string
  /** It came over the owner's own socket, which nobody but its user can open. */
  readonly isLocal: boolean
  /** Milliseconds since 1970. */
  readonly connectedAt: number
  /** When something of it came last. */
  readonly lastAt: number
  /** What has come and is in no request yet. */
  readonly inputBytes: number
  /** What is answered and not read yet. */
  readonly outputBytes: number
  /** What it may leave unread before it is cut off. */
  readonly outputBytesMax: number
  /** It has so much to read that nothing more is carried out for it before it has: see Owner.resume. */
  readonly isFull: boolean
  /** Undefined where no password is asked for. */
  readonly password: PasswordCheck | undefined
  /** Ends it when what is answered so far is sent; with `afterReply` also the answer to the request that runs now. */
  end(options?: { readonly afterReply?: boolean }): void
  /** Ends it at once, for a reason that an operator may want to know. */
  refuse(reason: string): void
}

export interface PasswordCheck {
  /** Whether it is right. Milliseconds to wait before a wrong one is answered. */
  check(user: string, password: Buffer, address: string): { readonly isRight: boolean; readonly delayMs: number }
}

/** A connection as it begins. */
export function newClient(own: Pick<Client, 'id' | 'push'> & Partial<Client>): Client {
  return {
    name: '',
    protocol: 2,
    database: 0,
    isAuthenticated: true,
    session: undefined,
    channels: new Set(),
    patterns: new Set(),
    transaction: undefined,
    watched: undefined,
    lastCommand: '',
    connection: undefined,
    ...own,
  }
}

/** What is between MULTI and EXEC. */
export interface QueuedTransaction {
  /** Each a name and its arguments. */
  readonly calls: (readonly Buffer[])[]
  bytes: number
  /** Something that was to be queued is wrong: EXEC will refuse all. */
  isAborted: boolean
}

/** What EXEC depends on: keys by their stored names, in latin1, and whether they were there. */
export interface WatchedKeys {
  readonly keys: Map<string, WatchedKey>
  /** One of them has changed. */
  isBroken: boolean
}

export interface WatchedKey {
  /** When WATCH came. */
  readonly existed: boolean
  /** It was there, but its time was over: that it is cleared away is no change. */
  wasExpired: boolean
}

/** One command that somebody asks for. */
export interface Request {
  readonly client: Client
  /** The name and the arguments. */
  readonly parts: readonly Buffer[]
  /** Of EXEC: what it is to carry out. */
  readonly transaction?: QueuedTransaction | undefined
  /** Of WATCH, UNWATCH, EXEC and DISCARD. */
  readonly watched?: WatchedKeys | undefined
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
