/** What metrics tell of the shared store and of tasks: looked up by monitor:0 itself, in the file where it can, so that the owner has little to do. */
import type { StoreFigures, TaskFigures } from '../metrics/look.ts'
import type { Engine } from '../store/engines/engine.ts'
import { Store } from '../store/store.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { lookAtStore } from './monitor-place.ts'

export interface StoreSources {
  /** Both reject with a StoreError when there is no answer within a second. */
  store(): Promise<StoreFigures>
  tasks(): Promise<TaskFigures>
  close(): Promise<void>
}

const limitMs = 1_000
/** Without `keyspace`, for which the owner would count all keys that expire. */
const infoSections = ['server', 'clients', 'persistence', 'stats', 'cpu']

/** `place` is how the processes of the tree come to the store, as JSON. Nothing is opened, and no owner started, before somebody asks. */
export function openStoreSources(place: string): StoreSources {
  const store = lookAtStore(place, limitMs)
  return {
    async store() {
      const engine = await store.engine()
      return engine ? figuresOfStore(engine, store.hasOwnFigures) : { state: 'idle' }
    },
    tasks: () => lookAtTasks(new TaskEngine(store.open())),
    close: () => store.close(),
  }
}

async function figuresOfStore(engine: Engine, hasInfo: boolean): Promise<StoreFigures> {
  // Together, so that both go in one write and are carried out in one turn of the owner.
  const [own, info] = await Promise.all([
    new Store(engine).info(),
    hasInfo ? engine.call(['info', ...infoSections]).then(fieldsOf) : undefined,
  ])
  const number = (name: string) => numberOf(own[name])
  return {
    state: 'open',
    keys: number('keys'),
    sizeBytes: number('bytes'),
    uptimeSeconds: number('uptimeSeconds'),
    rssBytes: number('rssBytes'),
    ...(info && fieldFiguresOf(info)),
  }
}

function fieldFiguresOf(info: ReadonlyMap<string, string>): Partial<StoreFigures> {
  const number = (name: string) => numberOf(info.get(name))
  const system = number('used_cpu_sys')
  const user = number('used_cpu_user')
  return {
    cpuSeconds: system === undefined || user === undefined ? undefined : system + user,
    connections: number('connected_clients'),
    waiting: number('blocked_clients'),
    commands: number('total_commands_processed'),
    errors: number('total_error_replies'),
    connectionsReceived: number('total_connections_received'),
    connectionsRejected: number('rejected_connections'),
    receivedBytes: number('total_net_input_bytes'),
    sentBytes: number('total_net_output_bytes'),
    channels: number('pubsub_channels'),
    snapshotAt: number('rdb_last_save_time'),
    isSnapshotGood: info.get('rdb_last_bgsave_status') === 'ok',
  }
}

/** The fields of INFO: `name:value` in each line. */
function fieldsOf(reply: unknown): Map<string, string> {
  const text = typeof reply === 'object' && reply !== null && 'text' in reply ? String(reply.text) : String(reply)
  return new Map([...text.matchAll(/^(\w+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value]))
}

function numberOf(value: string | number | undefined): number | undefined {
  const number = Number(value)
  return value === undefined || value === '' || Number.isNaN(number) ? undefined : number
}

async function lookAtTasks(tasks: TaskEngine): Promise<TaskFigures> {
  const [counts, queues, workers, { now, schedules }] = await Promise.all([
    tasks.counts(),
    tasks.queues(),
    tasks.workers(),
    tasks.schedules(),
  ])
  return {
    counts,
    queues,
    workers: workers.map(({ pool, active, queues: worked }) => ({ pool, active, queues: worked })),
    schedules: schedules.map(({ next }) => ({ next })),
    now,
  }
}
