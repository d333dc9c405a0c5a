/**
 * What a command answers, free of the protocol's version: reply-parser.ts reads these, write-reply.ts writes them.
 * A number is a whole one; what has a fraction is a `Double`. Text is a `Status` when it is a fixed word, else a Buffer.
 */
export type Reply = null | number | bigint | Buffer | Status | Double | Pairs | Push | ReplyError | readonly Reply[]

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

export const ok = new Status('OK')
