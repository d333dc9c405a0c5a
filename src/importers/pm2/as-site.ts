import { join } from 'node:path'
import { folderFrom } from '../folders.ts'
import { entry, type Section, section, sectionOf } from '../source.ts'
import type { Pm2App } from './pm2-app.ts'
import { folderOf } from './script.ts'

const portDefault = '8080'

/** `script: 'serve'`: PM2's own server of files, which is the edge here. */
export function isSite(app: Pm2App): boolean {
  return app.text('script') === 'serve'
}

export function asSite(app: Pm2App): Section {
  const variables = app.variables
  const of = (name: string) => variables.get(`PM2_SERVE_${name}`)
  const folder = folderFrom(app.context.target, join(folderOf(app), of('PATH') ?? '.'))
  if (of('BASIC_AUTH') === 'true') {
    app.report.missing(app.place('env'), 'edge.access has names and hashes of passwords: "saola password" makes them')
  }
  const fallback = of('SPA') === 'true' ? (of('HOMEPAGE') ?? '/index.html') : undefined
  const dir = fallback === undefined ? folder : sectionOf({ dir: folder, fallback })
  return section([
    entry('listen', `${of('HOST') ?? ''}:${of('PORT') ?? portDefault}`),
    entry('edge', sectionOf({ static: sectionOf({ '/': dir }) })),
  ])
}
