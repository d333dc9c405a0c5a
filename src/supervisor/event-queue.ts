/** What has happened and was not looked at yet, in order. The loop of the supervisor waits here. */
export class EventQueue<Event> {
  #events: Event[] = []
  #wake: (() => void) | undefined

  push(event: Event): void {
    this.#events.push(event)
    this.#wake?.()
  }

  /** The next event, or undefined when none came within `timeoutMs`. */
  async next(timeoutMs: number): Promise<Event | undefined> {
    if (this.#events.length === 0) await this.#wait(timeoutMs)
    return this.#events.shift()
  }

  #wait(timeoutMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(done, timeoutMs)
      const queue = this
      function done(): void {
        clearTimeout(timer)
        queue.#wake = undefined
        resolve()
      }
      this.#wake = done
    })
  }
}
