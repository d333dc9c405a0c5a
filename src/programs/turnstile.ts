import { systemTime, type Time } from './time.ts'

interface Waiting {
  readonly signal: AbortSignal
  begin(mayRun: boolean): void
}

/**
 * Lets few act at the same time, and no two begin in the same moment. To start a process takes the loop of the supervisor 1 to
 * 3 ms, and 150 programs that are started together would ask for 600 a second.
 */
export class Turnstile {
  readonly #time: Pick<Time, 'now' | 'pause'>
  readonly #atOnceMax: number
  readonly #gapMs: number
  readonly #waiting: Waiting[] = []
  #running = 0
  #opensAt = Number.NEGATIVE_INFINITY
  #isPausing = false

  constructor({ time = systemTime, atOnceMax = 8, gapMs = 10 } = {}) {
    this.#time = time
    this.#atOnceMax = atOnceMax
    this.#gapMs = gapMs
  }

  /** Runs it when its turn has come; undefined when nobody wants it any more by then. */
  async run<Result>(signal: AbortSignal, act: () => Promise<Result>): Promise<Result | undefined> {
    const mayRun = await new Promise<boolean>(begin => {
      this.#waiting.push({ signal, begin })
      this.#letIn()
    })
    if (!mayRun) return undefined
    try {
      return await act()
    } finally {
      this.#running--
      this.#letIn()
    }
  }

  #letIn(): void {
    while (this.#running < this.#atOnceMax && !this.#isPausing) {
      const next = this.#waiting[0]
      if (!next) return
      if (!next.signal.aborted && this.#opensAt > this.#time.now()) return void this.#pause()
      this.#waiting.shift()
      next.begin(!next.signal.aborted)
      if (next.signal.aborted) continue
      this.#running++
      this.#opensAt = this.#time.now() + this.#gapMs
    }
  }

  async #pause(): Promise<void> {
    this.#isPausing = true
    await this.#time.pause(this.#opensAt - this.#time.now(), new AbortController().signal)
    this.#isPausing = false
    this.#letIn()
  }
}
