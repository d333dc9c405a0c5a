import type { Outcome } from './plan/turn.ts'

const stopped: Outcome = { ok: false, message: 'The tree has stopped.' }

/** Those who have asked for something, and wait for how it ends. Each has a number, under which the plan answers. */
export class Tickets {
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()
  #last = 0
  #isClosed = false

  /** Asks by `ask`, which is given the number. */
  open(ask: (ticket: number) => void): Promise<Outcome> {
    if (this.#isClosed) return Promise.resolve(stopped)
    const ticket = ++this.#last
    return new Promise(resolve => {
      this.#waiting.set(ticket, resolve)
      ask(ticket)
    })
  }

  settle(ticket: number, outcome: Outcome): void {
    this.#waiting.get(ticket)?.(outcome)
    this.#waiting.delete(ticket)
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#isClosed = true
    for (const settle of this.#waiting.values()) settle(stopped)
    this.#waiting.clear()
  }
}
