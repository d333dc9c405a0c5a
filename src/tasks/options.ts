import * as z from 'zod'
import { choice, count, duration, path, share, size, workerRange } from '../base/option-types.ts'

const concurrencyMax = 1_000

const name = z.string().regex(/^[A-Za-z][\w-]{0,31}$/)
const queueName = z.string().min(1).max(128)

const pool = z.strictObject({
  type: choice(['io', 'cpu'])
    .optional()
    .meta({
      change: 'restart',
      description:
        'How it runs jobs: `"io"` many at once in a process, `"cpu"` one at a time, in processes that leave the processor to ' +
        'others when it is scarce. By default `"io"`, but for the pool of the name `cpu`.',
    }),
  processes: workerRange().optional().meta({
    change: 'live',
    description: 'How many processes, as `workers` of an application; by default 1, of type `cpu` `"auto"`.',
  }),
  concurrency: count({ min: 1, max: concurrencyMax })
    .prefault(50)
    .meta({ change: 'restart', description: 'How many jobs run at once in a process; of type `cpu` always 1.' }),
  queues: z.array(queueName).min(1).optional().meta({
    change: 'restart',
    expected: 'a list of names of queues',
    description:
      'The queues that it takes jobs from. By default those of all tasks of its type that no other pool has.',
  }),
})

const memory = z
  .strictObject({
    soft: share()
      .optional()
      .meta({ change: 'live', description: 'Replace a process above this, which ends its jobs first; unset never.' }),
    hard: share().optional().meta({ change: 'live', description: 'Kill a process above this; unset never.' }),
  })
  .prefault({})
  .meta({ description: 'Limits of the memory of a process (RSS). A share is divided by the processes of its pool.' })

const recycle = z
  .strictObject({
    jobs: count().prefault(0).meta({
      change: 'restart',
      description: 'Replace a process that has begun so many jobs; 0 never.',
    }),
    lifetime: duration()
      .prefault(0)
      .meta({ change: 'live', description: 'Replace a process after this time; 0 never.' }),
    memory,
  })
  .prefault({})
  .meta({ description: 'When a healthy process is drained and replaced.' })

/** The processes of a tree that run tasks. */
export const tasksOptions = z
  .strictObject({
    dir: path().prefault('tasks').meta({
      change: 'restart',
      description: 'The folder of the modules that define tasks.',
    }),
    pools: z.record(name, pool).prefault({}).meta({
      change: 'restart',
      description:
        'Processes by name. `io` and `cpu` are always there; one that has no tasks to run has a single process, which is idle.',
    }),
    queues: z
      .record(
        queueName,
        z.strictObject({
          weight: count({ min: 1, max: 1_000 }).prefault(1).meta({
            change: 'restart',
            description: 'How often it comes first when several have jobs: 3 three times as often as 1.',
          }),
        }),
      )
      .prefault({})
      .meta({ change: 'restart', description: 'Queues by name. One need not be here to be used.' }),
    drainTimeout: duration()
      .prefault('30s')
      .meta({
        change: 'live',
        description:
          'How long jobs may go on when their process is to end, at a reload, say. Then they are aborted and run again ' +
          'elsewhere, which counts neither as an attempt nor as a failure.',
      }),
    lease: duration()
      .prefault('15s')
      .meta({
        change: 'restart',
        description:
          'How long a process may be silent before its jobs are given to others: on another machine, or stopped. That it has ' +
          'ended is known at once.',
      }),
    timeout: duration().prefault('60s').meta({
      change: 'live',
      description: 'Kill a process of type `io` whose event loop stands still for so long; 0 never.',
    }),
    bootTimeout: duration()
      .prefault('60s')
      .meta({ change: 'restart', description: 'A process that is not ready after this time has failed.' }),
    maxResultBytes: size().prefault('1MB').meta({
      change: 'restart',
      description: 'The largest result of a job, as JSON. One that is larger fails, and is not tried again.',
    }),
    recycle,
  })
  .optional()
  .meta({
    description:
      'Processes that run tasks. They have the user, `cwd`, `env` and `node` of the first application. Without this section ' +
      'there are none, and what is enqueued waits, or runs on another machine.',
  })
