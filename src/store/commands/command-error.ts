/** A command that cannot be carried out. Nothing of it was, and its connection goes on. */
export class CommandError extends Error {
  /** The first word of the reply: `ERR`, `WRONGTYPE` and the like as in Redis, or one of ours such as STORE_FULL. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'CommandError'
    this.code = code
  }
}

export function wrongType(): CommandError {
  return new CommandError('WRONGTYPE', 'Operation against a key holding the wrong kind of value')
}

export function syntaxError(): CommandError {
  return new CommandError('ERR', 'syntax error')
}

export function notAnInteger(): CommandError {
  return new CommandError('ERR', 'value is not an integer or out of range')
}

export function notAFloat(): CommandError {
  return new CommandError('ERR', 'value is not a valid float')
}
