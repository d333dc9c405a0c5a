/**
 * First in, first out, with a limit: a full queue refuses the newest item, and the caller counts what was refused.
 *
 * ```ts
 * const queue = new BoundedQueue<string>(2)
 * queue.push('a')  // true; false when two are waiting
 * queue.shift()    // 'a'; undefined when it is empty
 * ```
 */
export class BoundedQueue<T> {
  readonly lengthMax: number
  #items: (T | undefined)[] = []
  #head = 0

  constructor(lengthMax: number) {
    this.lengthMax = lengthMax
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The one that shift would return; it stays. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  /** False when the queue is full: the item was not taken. */
  push(item: T): boolean {
    if (this.length >= this.lengthMax) return false
    this.#items.push(item)
    return true
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    // Its place stays for a while; what was in it may be large.
    this.#items[this.#head] = undefined
    this.#head++
    // Array.shift moves every item; cutting off the used half now and then costs the same once in many.
    if (this.#head >= 256 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** All items, oldest first; the queue keeps them. */
  toArray(): T[] {
    return this.#items.slice(this.#head) as T[]
  }
}
