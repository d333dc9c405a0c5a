/** Who gets the next connection: shares for the workers of a shared socket, a balancer where the supervisor accepts. */
import { type AppDefinition, acceptorOf } from './app-definition.ts'
import { Balancer } from './balancer.ts'
import type { RunningChild } from './child-process.ts'
import { fairShare } from './fair-share.ts'
import type { Child } from './fleet.ts'
import type { ListenSocket } from './sockets.ts'

interface Member {
  readonly child: Child
  readonly running: RunningChild
  connections: number
}

interface Team {
  readonly members: Map<number, Member>
  balancer: Balancer | undefined
  readonly listening: WeakSet<ListenSocket>
  share: number | undefined
  timer: NodeJS.Timeout | undefined
}

// Counts arrive in bursts; one answer to a burst is enough.
const shareEveryMs = 2

export class Dispatch {
  readonly #teams = new Map<string, Team>()

  /** A worker serves from now on. */
  async admit(
    child: Child,
    running: RunningChild,
    app: AppDefinition,
    sockets: readonly ListenSocket[],
  ): Promise<void> {
    const team = this.#teamOf(child.group)
    team.members.set(child.id, { child, running, connections: 0 })
    if (acceptorOf(app) === 'worker') this.#share(team, running)
    else await this.#balance(team, child, running, { app, sockets })
  }

  /** A worker gets nothing more: it is told to drain, hangs, or is gone. */
  dismiss(child: Child): void {
    const team = this.#teams.get(child.group)
    if (!team?.members.delete(child.id)) return
    team.balancer?.remove(child.id)
    if (!team.balancer) this.#share(team)
  }

  /** A worker has ended: what it was given and never took goes to another one. */
  gone(child: Child): void {
    this.dismiss(child)
    this.#teams.get(child.group)?.balancer?.gone(child.id)
  }

  /** A worker of a shared socket has counted its connections. */
  loaded(child: Child, connections: number): void {
    const team = this.#teams.get(child.group)
    const member = team?.members.get(child.id)
    if (!team || !member || member.connections === connections) return
    member.connections = connections
    if (team.balancer) return
    team.timer ??= setTimeout(() => this.#share(team), shareEveryMs)
  }

  accepted(child: Child): void {
    this.#teams.get(child.group)?.balancer?.accepted(child.id)
  }

  released(child: Child): void {
    this.#teams.get(child.group)?.balancer?.released(child.id)
  }

  /** After a reload: whoever waits for an application that is gone waits in vain. */
  keepOnly(groups: ReadonlyMap<string, unknown>): void {
    for (const [name, team] of this.#teams) {
      if (groups.has(name)) continue
      clearTimeout(team.timer)
      team.balancer?.close()
      this.#teams.delete(name)
    }
  }

  close(): void {
    this.keepOnly(new Map())
  }

  #teamOf(group: string): Team {
    let team = this.#teams.get(group)
    if (!team) {
      team = { members: new Map(), balancer: undefined, listening: new WeakSet(), share: undefined, timer: undefined }
      this.#teams.set(group, team)
    }
    return team
  }

  /** Tells every worker its share when it has changed, and a newcomer in any case. */
  #share(team: Team, newcomer?: RunningChild): void {
    clearTimeout(team.timer)
    team.timer = undefined
    const members = [...team.members.values()]
    // A worker that is alone, now or for the time being, takes all.
    const share = fairShare(members.map(member => member.connections)) ?? Number.MAX_SAFE_INTEGER
    const isNews = share !== team.share
    team.share = share
    for (const { running } of members) {
      if (isNews || running === newcomer) running.send({ type: 'saola.share', connections: share })
    }
  }

  async #balance(team: Team, child: Child, running: RunningChild, { app, sockets }: Place): Promise<void> {
    const { balance, stickyCookie, backlog, maxConnections } = app
    if (balance === 'shared') return
    team.balancer ??= new Balancer()
    const { balancer } = team
    balancer.configure({ balance, cookie: stickyCookie, backlog, maxConnections })
    balancer.add({
      id: child.id,
      index: child.index,
      connections: 0,
      busySince: undefined,
      give: ({ socket, address, head }) => {
        const message = { type: 'saola.connection', address, ...(head === undefined ? {} : { head }) } as const
        return running.send(message, socket, true)
      },
    })
    for (const socket of sockets) {
      if (team.listening.has(socket)) continue
      team.listening.add(socket)
      await balancer.listen(socket)
    }
  }
}

interface Place {
  readonly app: AppDefinition
  readonly sockets: readonly ListenSocket[]
}
