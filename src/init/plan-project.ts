/** What a project needs to be started with Saola: a configuration, what must not be in its repository, and scripts. */
import { join } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { hello, planConfig } from './config-file.ts'
import { type Entry, findEntry } from './find-entry.ts'
import { planIgnoreFile } from './ignore-file.ts'
import { findImportables, type ImportKinds } from './importable.ts'
import { planPackage } from './package-file.ts'
import type { PlannedFile } from './planned-file.ts'
import { isFile, type Project, readIfThere } from './project.ts'

export interface ProjectSource {
  readonly project: Project
  /** The configuration that is there, by its name. */
  readonly configFile: string | undefined
  /** `--app` */
  readonly app: string | undefined
  /** Of this Saola. */
  readonly version: string
  readonly importKinds: ImportKinds
}

export interface PlannedProject {
  /** What is served; undefined when a configuration says it already. */
  readonly entry: Entry | undefined
  readonly files: readonly PlannedFile[]
  readonly notes: readonly string[]
}

/** @throws {ServerError} ERR_USAGE when `--app` names no file, or nothing here is an application of Node. */
export function planProject({ project, configFile, app, version, importKinds }: ProjectSource): PlannedProject {
  const importables = findImportables(project, importKinds)
  const found = app === undefined ? findEntry(project) : namedEntry(project, app)
  if (!found && configFile === undefined && importables[0]) throw noApplication(importables[0])
  const entry = found ?? hello.entry
  const isHello = !found && configFile === undefined
  const packageFile = planPackage(project, version)
  const path = '.gitignore'
  return {
    entry: configFile === undefined ? entry : undefined,
    files: [
      ...(isHello ? [hello.file] : []),
      ...(configFile === undefined ? [planConfig(entry)] : [keptConfig(project, configFile, entry)]),
      planIgnoreFile(path, readIfThere(join(project.folder, path))),
      ...(packageFile ? [packageFile.file] : []),
    ],
    notes: [
      ...(packageFile ? packageFile.notes : ['There is no package.json here: nothing was added to its scripts.']),
      ...(configFile === undefined ? argumentNotes(entry) : []),
      ...importables.map(({ file, command }) => `${file} is here: "${command} --force" makes the configuration of it.`),
    ],
  }
}

/** What is left out must not be left out in silence: it may be the port, or the name of another configuration. */
function argumentNotes({ args = [], because, file }: Entry): string[] {
  if (args.length === 0) return []
  const given = args.map(printable).join(' ')
  return [`${because} gives ${file} arguments, which Saola does not: ${given}. Let it read them from its environment.`]
}

/** One of the usual name may be replaced when that is forced; another one would be a second beside it, and stays. */
function keptConfig(project: Project, configFile: string, entry: Entry): PlannedFile {
  const planned = planConfig(entry)
  if (configFile === planned.path) return planned
  return { path: configFile, text: readIfThere(join(project.folder, configFile)) ?? '', has: 'is the configuration' }
}

function namedEntry({ folder }: Project, app: string): Entry {
  const file = /^\.{0,2}\//.test(app) ? app : `./${app}`
  if (!isFile(join(folder, app)) && !isFile(app)) {
    throw new ServerError(
      'ERR_USAGE',
      `--app expected a file, got ${JSON.stringify(app)} (there is none in ${folder}).`,
    )
  }
  return { file, because: '--app', node: [], isBuilt: false }
}

function noApplication({ file, command }: { readonly file: string; readonly command: string }): ServerError {
  const message = `${file} is here, and nothing that looks like an application of Node. Run "${command}", or name one with --app.`
  return new ServerError('ERR_USAGE', message)
}
