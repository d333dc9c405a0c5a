/** Folders of static files, by how their files get into a container. */
import { readdirSync } from 'node:fs'
import { type Deployment, placeOf } from './deployment.ts'

export interface StaticFolder {
  /** On this machine. */
  readonly path: string
  /**
   * `built`: a build makes it, and it is in the image. `project`: it comes with the project. `filled`: it is empty here, so
   * somebody fills it while the server runs, and that has to outlive the container. `elsewhere`: not in the project.
   */
  readonly kind: 'built' | 'project' | 'filled' | 'elsewhere'
}

export function staticFolders({ staticFolders: paths, folder }: Deployment): StaticFolder[] {
  return paths.map(path => {
    const place = placeOf(path, folder)
    if (place.startsWith('/')) return { path, kind: 'elsewhere' }
    if (builtFolder.test(place)) return { path, kind: 'built' }
    return { path, kind: hasFiles(path) ? 'project' : 'filled' }
  })
}

const builtFolder = /^(?:dist|build|out|\.next|\.output)(?:\/|$)/

function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder).some(name => !name.startsWith('.'))
  } catch {
    // Not there yet: as good as empty.
    return false
  }
}
