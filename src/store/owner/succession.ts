import { CommandError } from '../commands/command-error.ts'
import { describeOwner, removeOwnerNote, type TreeIdentity, writeOwnerNote } from '../database/owner-note.ts'

export interface SuccessionOptions {
  readonly tree?: TreeIdentity | undefined
  readonly isKept?: () => boolean
  readonly onIdle: () => void
}

/** Who owns the folder after this owner, and what its note says about it meanwhile. */
export class Succession {
  readonly #dir: string
  readonly #options: SuccessionOptions
  #isPromised = false

  constructor(dir: string, options: SuccessionOptions) {
    this.#dir = dir
    this.#options = options
    writeOwnerNote(dir, { pid: process.pid, tree: options.tree })
  }

  /**
   * A tree wants the folder.
   *
   * @throws {CommandError} STORE_OWNED when it is the store of another one.
   */
  begin(next: TreeIdentity): void {
    const { tree, isKept, onIdle } = this.#options
    if (isKept?.()) {
      const owner = describeOwner({ pid: process.pid, tree })
      const message = `The store in ${this.#dir} is owned by ${owner}. Stop that one, or choose another folder (store.dir).`
      throw new CommandError('STORE_OWNED', message)
    }
    this.#isPromised = true
    // Before anybody is disconnected: who looks for an owner then should wait for this one, and start none.
    writeOwnerNote(this.#dir, { pid: next.supervisorPid, tree: next })
    setImmediate(onIdle)
  }

  /** Before the lock is released. Unless somebody is to come, nobody owns the folder from now on. */
  end(isForGood: boolean): void {
    if (isForGood && !this.#isPromised) removeOwnerNote(this.#dir)
  }
}
