/** How many of something each client has. Those who have none are not in it, so it is as small as what is counted. */
export class AddressCount {
  readonly #counts = new Map<string, number>()

  /** Counts one more, unless there are `max` already. */
  enter(address: string, max: number): boolean {
    const count = this.#counts.get(address) ?? 0
    if (count >= max) return false
    this.#counts.set(address, count + 1)
    return true
  }

  leave(address: string): void {
    const count = this.#counts.get(address) ?? 0
    if (count > 1) this.#counts.set(address, count - 1)
    else this.#counts.delete(address)
  }

  /** Addresses that have any. */
  get size(): number {
    return this.#counts.size
  }
}
