/** What is asked of the watch threads of workers, and who gets their answers: people, or the plan before it kills. */
import { ServerError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CaptureWish } from '../ipc/captures.ts'
import type { WatchReply } from '../ipc/messages.ts'
import { type CaptureSink, Captures } from './captures.ts'
import type { RunningChild } from './child-process.ts'
import type { EventQueue } from './event-queue.ts'
import { type Child, type Fleet, nameOf } from './fleet.ts'
import { traitsOf } from './kinds.ts'
import type { FleetEvent } from './plan/turn.ts'
import { StackRequests } from './stack-requests.ts'
import { stackText, whereOf } from './stack-text.ts'

interface Surroundings {
  readonly cwd: string
  readonly log: Log
  readonly fleet: Fleet
  readonly events: EventQueue<FleetEvent>
  running(id: number): RunningChild | undefined
}

interface Watched {
  readonly child: Child
  readonly running: RunningChild
}

export class WatchThreads {
  readonly #of: Surroundings
  readonly #stacks: StackRequests
  readonly #captures: Captures

  constructor(surroundings: Surroundings) {
    const { cwd, events } = surroundings
    this.#of = surroundings
    this.#stacks = new StackRequests(cwd)
    this.#captures = new Captures((id, forMs) => events.push({ type: 'stands-still', id, forMs }))
  }

  /** @throws {ServerError} ERR_CONTROL_REFUSED when there is no such worker, or it does not answer. */
  async stack(target: string): Promise<{ pid: number; stack: string }> {
    return this.#stacks.ask(this.#find(target).running, target)
  }

  /** @throws {ServerError} ERR_CONTROL_REFUSED when there is no such worker, or another one of it is under way. */
  capture(target: string, wish: CaptureWish, lines: CaptureSink): () => void {
    const { child, running } = this.#find(target)
    const stop = this.#captures.begin({ childId: child.id, name: target, running, wish }, lines)
    this.#of.log.info(`${traitsOf(child).noun}.inspected`, { name: target, pid: running.pid, kind: wish.kind })
    return stop
  }

  receive(child: Child, reply: WatchReply): void {
    if (reply.type !== 'stack') return this.#captures.receive(child.id, reply)
    if (this.#stacks.receive(reply)) return
    const { cwd, events } = this.#of
    const where = whereOf(reply.frames, cwd)
    events.push({ type: 'stack', id: child.id, where, stack: stackText(reply.frames, cwd) })
  }

  gone(childId: number): void {
    this.#captures.gone(childId)
  }

  #find(target: string): Watched {
    const { fleet, running: runningOf } = this.#of
    const child = [...fleet.children.values()].find(child => nameOf(child) === target && child.state !== 'STOPPING')
    const running = child && runningOf(child.id)
    if (child && running && child.kind !== 'program') return { child, running }
    const isProgram = fleet.groups.get(target.split(':')[0] ?? '')?.spec.kind === 'program'
    const reason = isProgram
      ? `${target} is a program: only into Saola's own processes can be looked, such as web:0, tasks:io:0 or store:0.`
      : `No worker ${target} runs here.`
    throw new ServerError('ERR_CONTROL_REFUSED', reason)
  }
}
