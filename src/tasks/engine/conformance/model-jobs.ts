/** The model of model.ts: jobs in a list, and what the contract says becomes of them. */
import type { JobState } from '../job.ts'

export interface ModelJob {
  readonly id: string
  readonly queue: string
  readonly priority: number
  readonly limit: string | undefined
  readonly rate: string | undefined
  readonly unique: string | undefined
  readonly parent: { readonly id: string; readonly index: number } | undefined
  readonly gather: { readonly count: number; readonly mode: 'one' | 'all' | 'result' } | undefined
  readonly results: Map<number, string>
  readonly failed: Set<number>
  isGathered: boolean
  payload: string
  state: JobState
  position: number
  attempt: number
  interruptions: number
  isCancelling: boolean
  worker: string | undefined
  result: string | undefined
  error: string | undefined
}

type Given = Pick<ModelJob, 'id' | 'queue' | 'priority' | 'payload'> &
  Partial<Pick<ModelJob, 'limit' | 'rate' | 'unique' | 'parent' | 'gather'>> & {
    readonly isLater?: boolean
    readonly isReplacing?: boolean
  }

/** How it ends. */
interface End {
  readonly result?: string | undefined
  readonly error?: string | undefined
}

export const attempts = 2
export const interruptionsMax = 2
export const limitMax = 1
export const rateBurst = 2

export class Model {
  readonly paused = new Set<string>()
  #jobs: ModelJob[] = []
  readonly #begun = new Map<string, number>()
  #position = 0

  get jobs(): readonly ModelJob[] {
    return this.#jobs
  }

  add({ isLater = false, isReplacing = false, ...own }: Given): { id: string; isNew: boolean } {
    const other = own.unique === undefined ? undefined : this.#holderOf(own.unique)
    if (other) {
      if (isReplacing && other.state === 'scheduled') {
        other.payload = own.payload
        if (!isLater) this.#makeReady(other)
      }
      return { id: other.id, isNew: false }
    }
    const begun = { attempt: 0, interruptions: 0, isCancelling: false, worker: undefined, isGathered: false }
    const optional = { limit: undefined, rate: undefined, unique: undefined, parent: undefined, gather: undefined }
    const ended = { results: new Map(), failed: new Set<number>(), result: undefined, error: undefined }
    const soon = isLater ? 'scheduled' : 'ready'
    const state: JobState = own.gather ? 'waiting' : soon
    this.#jobs.push({ ...optional, ...own, ...begun, ...ended, state, position: ++this.#position })
    return { id: own.id, isNew: true }
  }

  find(id: string | undefined): ModelJob | undefined {
    return this.#jobs.find(job => job.id === id)
  }

  /** Nothing begins beside a job on its last chance, and nothing behind one that waits to be alone. */
  claim(worker: string, queues: readonly string[], free: number): string[] {
    const given: string[] = []
    const own = this.#jobs.filter(job => job.state === 'active' && job.worker === worker)
    if (own.some(isLastChance)) return given
    for (const job of queues.flatMap(queue => this.#readyOf(queue))) {
      if (given.length === free) return given
      const what = this.#begin(job, worker, own.length + given.length > 0)
      if (what === 'begun') given.push(job.id)
      if (what === 'held back' || (what === 'begun' && isLastChance(job))) return given
    }
    return given
  }

  #readyOf(queue: string): readonly ModelJob[] {
    if (this.paused.has(queue)) return []
    return this.#jobs
      .filter(job => job.queue === queue && job.state === 'ready')
      .sort((one, other) => one.priority - other.priority || one.position - other.position)
  }

  done(job: ModelJob, result: string): void {
    if (job.isCancelling) this.#finish(job, 'cancelled', {})
    else this.#finish(job, 'done', { result })
  }

  /** `later` is not due in the time of the test. */
  fail(job: ModelJob, again: 'now' | 'later' | 'never'): void {
    const error = 'Error'
    if (job.isCancelling) this.#finish(job, 'cancelled', { error })
    else if (job.attempt >= attempts || again === 'never') this.#finish(job, 'dead', { error })
    else {
      job.error = error
      if (again === 'now') this.#makeReady(job)
      else this.#stop(job, 'scheduled')
    }
  }

  giveBack(job: ModelJob): void {
    if (job.isCancelling) return this.#finish(job, 'cancelled', {})
    job.attempt--
    this.#stop(job, 'ready')
  }

  leave(worker: string): void {
    const own = this.#jobs.filter(job => job.state === 'active' && job.worker === worker)
    for (const job of own) {
      job.attempt--
      job.interruptions++
      if (job.isCancelling) this.#finish(job, 'cancelled', {})
      else if (job.interruptions >= interruptionsMax) this.#finish(job, 'dead', { error: 'WorkerLost' })
      else this.#stop(job, 'ready')
    }
  }

  cancel(job: ModelJob): string {
    if (isOver(job)) return 'finished'
    if (job.state === 'active') {
      job.isCancelling = true
      return 'asked'
    }
    this.#finish(job, 'cancelled', {})
    return 'cancelled'
  }

  /** Whether it begins anew. */
  retry(job: ModelJob): boolean {
    if (!isRetried(job) || job.failed.size > 0 || !this.#mayHold(job)) return false
    beFresh(job)
    if (job.gather && !job.isGathered) {
      job.state = 'waiting'
      this.#completeIfAll(job)
    } else this.#makeReady(job)
    this.#revive(job)
    return true
  }

  /** Finished ones, or any that is not active if `isAny`. */
  remove(job: ModelJob, isAny: boolean): boolean {
    if (job.state === 'active' || (!isAny && !isOver(job))) return false
    if (!isOver(job)) this.#finish(job, 'cancelled', {})
    this.#jobs = this.#jobs.filter(other => other !== job)
    return true
  }

  #begin(job: ModelJob, worker: string, isBusy: boolean): 'begun' | 'aside' | 'held back' {
    const begun = this.#begun.get(job.rate ?? '') ?? 0
    if (job.limit !== undefined && this.#active(job.limit) >= limitMax) job.state = 'blocked'
    else if (isBusy && isLastChance(job)) return 'held back'
    else if (job.rate !== undefined && begun >= rateBurst) job.state = 'scheduled'
    else {
      if (job.rate !== undefined) this.#begun.set(job.rate, begun + 1)
      Object.assign(job, { state: 'active', worker, attempt: job.attempt + 1 })
      return 'begun'
    }
    return 'aside'
  }

  #makeReady(job: ModelJob): void {
    job.position = ++this.#position
    this.#stop(job, 'ready')
  }

  #stop(job: ModelJob, state: JobState): void {
    job.state = state
    job.worker = undefined
    this.#unblock(job.limit)
  }

  #finish(job: ModelJob, state: JobState, { result, error }: End): void {
    if (result !== undefined) job.result = result
    if (error !== undefined) job.error = error
    this.#stop(job, state)
    const parent = this.find(job.parent?.id)
    const index = job.parent?.index ?? 0
    if (!parent) return
    if (state === 'done') {
      parent.results.set(index, result ?? 'null')
      this.#completeIfAll(parent)
    } else {
      parent.failed.add(index)
      if (parent.state === 'waiting') this.#finish(parent, state, { error: 'ChildFailed' })
    }
  }

  #completeIfAll(job: ModelJob): void {
    if (job.state !== 'waiting' || job.results.size < (job.gather?.count ?? 0)) return
    const results = [...job.results].sort(([one], [other]) => one - other).map(([, result]) => result)
    const all = `[${results.join(',')}]`
    job.isGathered = true
    if (job.gather?.mode === 'result') return this.#finish(job, 'done', { result: all })
    job.payload = job.gather?.mode === 'one' ? String(results[0]) : all
    this.#makeReady(job)
  }

  #revive(job: ModelJob): void {
    const parent = this.find(job.parent?.id)
    parent?.failed.delete(job.parent?.index ?? 0)
    const hasEndedByChild = parent && isRetried(parent) && parent.error === 'ChildFailed'
    if (!hasEndedByChild || parent.failed.size > 0 || !this.#mayHold(parent)) return
    beFresh(parent)
    Object.assign(parent, { state: 'waiting', error: undefined })
    this.#revive(parent)
  }

  #holderOf(unique: string): ModelJob | undefined {
    return this.#jobs.find(job => job.unique === unique && !isOver(job))
  }

  #mayHold({ unique }: ModelJob): boolean {
    return unique === undefined || this.#holderOf(unique) === undefined
  }

  #active(limit: string): number {
    return this.#jobs.filter(job => job.limit === limit && job.state === 'active').length
  }

  /** All of them may try again: a claim sets aside again who finds no place. */
  #unblock(limit: string | undefined): void {
    if (limit === undefined) return
    for (const job of this.#jobs) if (job.limit === limit && job.state === 'blocked') job.state = 'ready'
  }
}

/** It runs alone. */
function isLastChance({ interruptions }: ModelJob): boolean {
  return interruptions > 0 && interruptions + 1 >= interruptionsMax
}

function beFresh(job: ModelJob): void {
  Object.assign(job, { attempt: 0, interruptions: 0, isCancelling: false })
}

function isRetried({ state }: ModelJob): boolean {
  return state === 'dead' || state === 'cancelled'
}

function isOver({ state }: { state: JobState }): boolean {
  return state === 'done' || isRetried({ state } as ModelJob)
}
