import * as z from 'zod'
import { choice, count, duration, path, size } from '../base/option-types.ts'

/** The store that the processes of a tree share. */
export const storeOptions = z
  .strictObject({
    dir: path().prefault('auto').meta({
      change: 'refused',
      description: 'Its folder, on a disk of this machine; `"auto"` is `.saola/<name>/store` beside the configuration.',
    }),
    durability: choice(['memory', 'everysec', 'always'])
      .prefault('everysec')
      .meta({
        change: 'refused',
        description:
          'When a write is on the disk: whenever the system likes, within a second, or before it is answered. ' +
          'All three survive a process that is killed.',
      }),
    maxSize: size().prefault(0).meta({
      change: 'refused',
      description: 'The largest size of its file; 0 for none. Above it writes fail, reads and deletes do not.',
    }),
    maxValueBytes: size().prefault('128MB').meta({ change: 'refused', description: 'The largest size of a value.' }),
    maxKeys: count().prefault(0).meta({ change: 'refused', description: 'The most keys; 0 for no limit.' }),
    snapshot: z
      .strictObject({
        every: duration().prefault('5m').meta({
          change: 'refused',
          description: 'How often a snapshot is taken, if there is something new; 0 never.',
        }),
        keep: count({ min: 1 }).prefault(3).meta({ change: 'refused', description: 'How many snapshots are kept.' }),
      })
      .prefault({})
      .meta({ description: 'Copies of the store that a damaged file is replaced by.' }),
  })
  .prefault({})
  .meta({
    description:
      'The data that all processes share, with `saola/store`. With this section, empty or not, the process that owns it, ' +
      '`store:0`, starts with the tree, and else when the application uses it.',
  })
