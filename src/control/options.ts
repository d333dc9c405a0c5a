import * as z from 'zod'
import { path } from '../base/option-types.ts'

/** How the commands of the CLI reach the tree. */
export const controlOptions = z
  .strictObject({
    socket: path().prefault('auto').meta({
      change: 'refused',
      description: 'The path of the control socket; `"auto"` is `.saola/<name>/control.sock` beside the configuration.',
    }),
  })
  .prefault({})
  .meta({ description: 'How the commands of the CLI reach the tree.' })
