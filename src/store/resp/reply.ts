/**
 * What a command answers, free of the protocol's version: reply-parser.ts reads these, write-reply.ts writes them.
 * A number is a whole one; what has a fraction is a `Double`. Text is a `Status` when it is a fixed word, else a Buffer.
 */
export type Reply =
  | null
  | number
  | bigint
  | Buffer
  | Status
  | Double
  | Verbatim
  | Pairs
  | Members
  | NullList
  | Push
  | Sequence
  | ReplyError
  | readonly Reply[]

/** A fixed word, such as `OK` or `QUEUED`. */
export class Status {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A number with a fraction; infinities and NaN are allowed. */
export class Double {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A map as a flat list: key, value, key, value, … RESP2 has no maps and shows just that list. */
export class Pairs {
  readonly items: readonly Reply[]

  constructor(items: readonly Reply[]) {
    this.items = items
  }
}

/** A set: its items have no order. RESP2 has no sets and shows a list. */
export class Members {
  readonly items: readonly Reply[]

  constructor(items: readonly Reply[]) {
    this.items = items
  }
}

/** Text for people: a bulk string in RESP2. */
export class Verbatim {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Several replies to one request, one after the other, as SUBSCRIBE gives them. */
export class Sequence {
  readonly items: readonly Reply[]

  constructor(items: readonly Reply[]) {
    this.items = items
  }
}

/** A message that answers no command, such as one of a topic. */
export class Push {
  readonly items: readonly Reply[]

  constructor(items: readonly Reply[]) {
    this.items = items
  }
}

/** `CODE message` on the wire. No `Error`: it is data until someone throws it, and a stack costs microseconds. */
export class ReplyError {
  /** `ERR`, `WRONGTYPE`, `STORE_FULL`, … */
  readonly code: string
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

/** See nullList. */
export class NullList {
  readonly isNull = true
}

/** No list: RESP2 has a null of its own for where a list could be, RESP3 only one null. A parser reads it as null. */
export const nullList = new NullList()

export const ok = new Status('OK')

/** What is in a reply that is a list or a set, whatever wrote it; nothing in any other one. */
export function itemsOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply
  return reply instanceof Members ? reply.items : []
}
