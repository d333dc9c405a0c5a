import * as z from 'zod'
import { controlOptions } from '../control/options.ts'
import { dashboardOptions } from '../dashboard/options.ts'
import { edgeOptions } from '../edge/options.ts'
import { metricsOptions } from '../metrics/options.ts'
import { cronSection } from '../programs/cron/options.ts'
import { programsOptions } from '../programs/options.ts'
import { storeOptions } from '../store/options.ts'
import { supervisorOptions, treeOptions } from '../supervisor/options.ts'
import { tasksOptions } from '../tasks/options.ts'
import { workerOptions } from '../worker/options.ts'

const { app, ...serving } = workerOptions.shape

/** One application. A new section of it is one more line here, and the `options.ts` of its room. */
export const appSchema = z.strictObject({
  app,
  ...supervisorOptions.shape,
  ...serving,
  ...edgeOptions.shape,
})

const appName = z.string().regex(/^[A-Za-z][\w-]{0,31}$/)

const treeName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/)
  .meta({ expected: 'a name of letters, digits and _ . -' })

/** The whole configuration. A new section is one more line here, and the `options.ts` of its room. */
export const configSchema = z.strictObject({
  name: treeName.optional().meta({
    change: 'refused',
    description:
      'The name of the tree, in process titles and of its state folder; ' +
      'by default the name in package.json, else that of the folder.',
  }),
  apps: z
    .record(appName, appSchema)
    .prefault({})
    .meta({ description: 'The applications by name, such as `web`: letters, digits, _ and -.' }),
  control: controlOptions,
  dashboard: dashboardOptions,
  metrics: metricsOptions,
  store: storeOptions,
  tasks: tasksOptions,
  programs: programsOptions,
  cron: cronSection,
  ...treeOptions.shape,
})
