/** For tests of the runner: what the runner asks of the store, answered from memory, and only as far as it asks. */
import type { Job, JobError, Verdict } from '../../src/tasks/engine/job.ts'
import type { Orders, Session, WaitOptions } from '../../src/tasks/engine/task-engine.ts'
import type { RunnerEngine } from '../../src/tasks/runner/runner.ts'
import type { KeeperEngine } from '../../src/tasks/runner/session-keeper.ts'

type Active = Job & { readonly token: number }

interface Ack {
  readonly id: string
  readonly token: number
}

export class FakeEngine implements RunnerEngine, KeeperEngine {
  readonly ready: Job[] = []
  readonly active = new Map<string, Active>()
  /** What became of jobs: `done 1`, `failed TypeError 100`, `returned`. */
  readonly ends = new Map<string, string>()
  readonly results = new Map<string, string | undefined>()
  readonly errors = new Map<string, JobError>()
  /** Each call of an acknowledgement, and how many jobs were in it. */
  readonly calls: string[] = []
  readonly claims: { readonly queues: readonly string[]; readonly free: number }[] = []
  readonly sessions: Session[] = []
  readonly told: string[] = []
  /** So many claims are carried out, and nobody hears of it. */
  lostClaims = 0
  /** Made to fail, so often. */
  failures = 0
  /** Acknowledgements wait for this. */
  gate: Promise<void> = Promise.resolve()
  #token = 0
  #changed = Promise.withResolvers<void>()
  #orders: ((orders: Orders | undefined) => void) | undefined

  add(...jobs: (Partial<Job> & { readonly id: string })[]): void {
    for (const job of jobs) this.ready.push({ ...plain, ...job })
    this.#change()
  }

  /** Resolves when it holds; the test's time limit is that of the wait. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise
  }

  async claim(
    worker: string,
    ask: { readonly queues: readonly string[]; readonly free: number },
    { signal }: WaitOptions,
  ): Promise<readonly Active[]> {
    this.claims.push(ask)
    this.#change()
    const isLost = this.lostClaims-- > 0
    while (this.ready.length === 0) {
      await Promise.race([this.#changed.promise, aborted(signal)])
    }
    const jobs = this.ready.splice(0, ask.free).map(job => ({
      ...job,
      state: 'active' as const,
      attempt: job.attempt + 1,
      worker,
      token: ++this.#token,
    }))
    for (const job of jobs) this.active.set(job.id, job)
    this.#change()
    if (isLost) throw new Error('no answer')
    return jobs
  }

  async list() {
    return { jobs: [...this.active.values()] }
  }

  async done(_worker: string, jobs: readonly (Ack & { result?: string | undefined })[]): Promise<readonly Verdict[]> {
    await this.#called(`done ${jobs.length}`)
    for (const { id, result } of jobs) this.results.set(id, result)
    return this.#end(jobs, ({ result }) => `done ${result}`)
  }

  async fail(
    _worker: string,
    jobs: readonly (Ack & { error: JobError; retryMs: number | null })[],
  ): Promise<readonly Verdict[]> {
    await this.#called(`fail ${jobs.length}`)
    for (const { id, error } of jobs) this.errors.set(id, error)
    return this.#end(jobs, ({ error, retryMs }) => `failed ${error.code ?? error.name} ${retryMs}`)
  }

  async giveBack(_worker: string, jobs: readonly Ack[]): Promise<readonly Verdict[]> {
    await this.#called(`return ${jobs.length}`)
    return this.#end(jobs, () => 'returned')
  }

  async progress(_worker: string, { id }: Ack, progress: string): Promise<Verdict> {
    this.told.push(progress)
    return this.active.has(id) ? 'ok' : 'lost'
  }

  async enter(session: Session): Promise<void> {
    if (this.failures-- > 0) throw new Error('no store')
    this.sessions.push(session)
    this.#change()
  }

  orders(_worker: string, _leaseMs: number, { signal }: WaitOptions): Promise<Orders | undefined> {
    const { promise, resolve } = Promise.withResolvers<Orders | undefined>()
    this.#orders = resolve
    this.#change()
    return Promise.race([promise, aborted(signal)])
  }

  /** Answers who waits for orders; undefined: its session is over. */
  async order(orders: Orders | undefined): Promise<void> {
    await this.until(() => this.#orders !== undefined)
    this.#orders?.(orders)
    this.#orders = undefined
  }

  async leave(worker: string): Promise<void> {
    this.calls.push(`leave ${worker}`)
  }

  async #called(call: string): Promise<void> {
    if (this.failures-- > 0) throw Object.assign(new Error('no store'), { code: 'STORE_UNAVAILABLE' })
    this.calls.push(call)
    this.#change()
    await this.gate
  }

  #end<One extends Ack>(jobs: readonly One[], say: (job: One) => string): Verdict[] {
    const verdicts = jobs.map(job => {
      if (this.active.get(job.id)?.token !== job.token) return 'lost'
      this.active.delete(job.id)
      this.ends.set(job.id, say(job))
      return 'ok'
    })
    this.#change()
    return verdicts
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

const plain: Omit<Job, 'id'> = {
  task: 'work',
  queue: 'default',
  state: 'ready',
  priority: 5,
  payload: 'null',
  attempt: 0,
  attempts: 3,
  interruptions: 0,
  interruptionsMax: 3,
  created: 0,
  softMs: 0,
  hardMs: 0,
  version: 1,
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
