/**
 * Puts together what one node tells of one key: that it has changed, from Redis; and from scripts with/changes.lua which entries
 * they are about to change, and when they have ended. A transaction says at its end whether it counts.
 *
 * The messages are a letter and, behind `b`, the entries, each with its length and a colon before it:
 * `b` a script begins, `e` it ends; `B` a transaction begins, `D` it is done, `U` it is undone.
 */
export class ChangeReader {
  readonly #tell: (field: Buffer | undefined) => void
  #script: { readonly fields: readonly Buffer[]; hasChanged: boolean } | undefined
  #transaction: { readonly fields: Map<string, Buffer>; isWhole: boolean } | undefined

  constructor(tell: (field: Buffer | undefined) => void) {
    this.#tell = tell
  }

  /** Redis tells that something was done to the key. */
  changed(): void {
    if (this.#script) this.#script.hasChanged = true
    else if (this.#transaction) this.#transaction.isWhole = true
    else this.#tell(undefined)
  }

  /** Redis tells that the ends of its entries were changed: by a script that says which, or as they are swept away. */
  endsChanged(): void {
    if (this.#script) this.#script.hasChanged = true
  }

  /** What a script says. */
  hint(message: Buffer): void {
    switch (message[0]) {
      case 0x62:
        this.#script = { fields: fieldsOf(message.subarray(1)), hasChanged: false }
        return
      case 0x65:
        this.#endScript()
        return
      case 0x42:
        this.#transaction = { fields: new Map(), isWhole: false }
        return
      case 0x44:
        this.#endTransaction(true)
        return
      case 0x55:
        this.#endTransaction(false)
    }
  }

  #endScript(): void {
    const script = this.#script
    this.#script = undefined
    if (!script?.hasChanged) return
    for (const field of script.fields) {
      if (this.#transaction) this.#transaction.fields.set(field.toString('latin1'), field)
      else this.#tell(field)
    }
  }

  #endTransaction(isDone: boolean): void {
    const transaction = this.#transaction
    this.#script = undefined
    this.#transaction = undefined
    if (!transaction || !isDone) return
    if (transaction.isWhole) this.#tell(undefined)
    else for (const field of transaction.fields.values()) this.#tell(field)
  }
}

function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const colon = bytes.indexOf(0x3a, at)
    const end = colon + 1 + Number(bytes.toString('latin1', at, colon))
    fields.push(bytes.subarray(colon + 1, end))
    at = end
  }
  return fields
}
