/** What `figures` of the control socket answers: what the supervisor has gathered from the beats of the workers, and what the system tells. */
import { readdirSync } from 'node:fs'
import type { ProcessFigures, SocketFigures, TreeFigures } from '../ipc/figures.ts'
import type { ListenPlace } from '../supervisor/figures.ts'
import { readListenQueues } from '../supervisor/listen-queues.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'

export async function treeFigures({ figures }: Pick<Supervisor, 'figures'>): Promise<TreeFigures> {
  const sockets = await socketFigures(figures.listening)
  const { apps, workers } = figures
  return { time: new Date().toISOString(), apps, workers, sockets, supervisor: processFigures() }
}

async function socketFigures(listening: readonly ListenPlace[]): Promise<SocketFigures[]> {
  const waiting = await readListenQueues(listening.map(({ socket }) => socket.fd))
  return listening.map(({ app, socket, backlog }) => {
    return { app, address: socket.label, waiting: waiting.get(socket.fd), backlog }
  })
}

function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss(), openFds: countOpenFds() }
}

/** 0 where the system does not tell. */
function countOpenFds(): number {
  try {
    // One of them is the folder itself.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return 0
  }
}
