/** What workers say over their channels, and who is to hear it: the plan, who hands out connections, or the log. */
import { type Log, logLevels } from '../base/log.ts'
import { isBeat, isWorkerFigures } from '../ipc/message-shape.ts'
import type { FromWorker } from '../ipc/messages.ts'
import type { RunningChild } from './child-process.ts'
import type { Definitions } from './definitions.ts'
import type { Dispatch } from './dispatch.ts'
import type { EventQueue } from './event-queue.ts'
import type { Figures } from './figures.ts'
import { type Child, type Fleet, nameOf } from './fleet.ts'
import type { FleetEvent } from './plan/turn.ts'
import type { Questions } from './questions.ts'
import type { SocketSet } from './socket-set.ts'

interface Listeners {
  readonly log: Log
  readonly fleet: Fleet
  readonly events: EventQueue<FleetEvent>
  readonly dispatch: Dispatch
  readonly sockets: SocketSet
  readonly definitions: Definitions
  readonly questions: Questions
  readonly figures: Figures
  running(id: number): RunningChild | undefined
  /** Somebody uses a service. */
  want(service: string): void
}

export class WorkerMessages {
  readonly #to: Listeners

  constructor(to: Listeners) {
    this.#to = to
  }

  receive(child: Child, message: FromWorker): void {
    const { events, dispatch, questions, figures, log } = this.#to
    const { id } = child
    switch (message.type) {
      case 'saola.ready':
        return events.push({ type: 'ready', id, bootMs: message.bootMs })
      case 'saola.waiting':
        return events.push({ type: 'waiting', id, reason: message.reason })
      case 'saola.boot-failed':
        return events.push({ type: 'boot-failed', id, message: message.message, stack: message.stack })
      case 'saola.last-words':
        return events.push({ type: 'last-words', id, message: message.message })
      case 'saola.recycle':
        return events.push({ type: 'retire', id, reason: message.reason })
      case 'saola.beat':
        if (!isBeat(message.beat)) return
        events.push({ type: 'beat', id, beat: message.beat })
        if (isWorkerFigures(message.beat.figures)) figures.receive(child, message.beat.figures)
        return dispatch.loaded(child, message.beat.connections)
      case 'saola.figures':
        return isWorkerFigures(message.figures) ? figures.receive(child, message.figures) : undefined
      case 'saola.load':
        return dispatch.loaded(child, message.connections)
      case 'saola.accepted':
        return dispatch.accepted(child)
      case 'saola.released':
        return dispatch.released(child)
      case 'saola.listener-wanted':
        return this.#sendListener(child, message.index)
      case 'saola.credentials-wanted':
        return this.sendCredentials(child)
      case 'saola.log':
        if (!logLevels.includes(message.level)) return
        return log[message.level](message.event, { worker: nameOf(child), ...message.fields })
      case 'saola.idle':
        return this.#shrink(child)
      case 'saola.answer':
        return questions.receive(message)
      case 'saola.wanted':
        return this.#to.want(message.service)
    }
  }

  sendCredentials(child: Child): void {
    const credentials = this.#to.definitions.appOf(child)?.credentials()
    if (credentials) this.#to.running(child.id)?.send({ type: 'saola.credentials', credentials })
  }

  #sendListener(child: Child, index: number): void {
    const { definitions, sockets, events } = this.#to
    const app = definitions.appOf(child)
    const socket = app && sockets.of(app)[index]
    const handle = socket?.handle()
    const running = this.#to.running(child.id)
    if (handle) running?.send({ type: 'saola.listener', index }, handle, true)
    else if (child.state === 'STARTING') {
      // It would wait for the copy until its time is over, and nobody learned why.
      const message = `Cannot listen on ${socket?.label} (no copy of the socket can be made).`
      events.push({ type: 'boot-failed', id: child.id, message, stack: '' })
      running?.kill('SIGKILL')
    }
  }

  /** It has nothing to do for others of its kind. Nobody has asked, and nobody waits for the answer. */
  #shrink({ group }: Child): void {
    const { fleet, events } = this.#to
    if (fleet.groups.get(group)?.spec.workers !== 1)
      events.push({ type: 'scale', ticket: 0, target: group, workers: 1 })
  }
}
