import { isAbsolute } from 'node:path'
import { firstFileIn, type Project } from './project.ts'

/** What `saola import` reads: the word of the command, and the usual names of the file. */
export type ImportKinds = Readonly<Record<string, readonly string[]>>

/** The configuration of another process manager that `saola import` reads. */
export interface Importable {
  readonly file: string
  /** The command that makes a configuration of it. */
  readonly command: string
}

/** What a project was run with before. */
export function findImportables({ folder }: Project, kinds: ImportKinds): Importable[] {
  return Object.entries(kinds).flatMap(([name, files]) => {
    // What a machine has in /etc says nothing about a project.
    const own = files.filter(file => !isAbsolute(file))
    const file = firstFileIn(folder, own)
    return file === undefined ? [] : [{ file, command: `saola import ${name} ${file}` }]
  })
}
