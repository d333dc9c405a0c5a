import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { suggest } from '../base/suggest.ts'
import { supervisorOptions } from '../supervisor/options.ts'
import { findConflicts, type Unfinished } from './complete.ts'
import { type Draft, isSection } from './draft.ts'
import { options } from './generated.ts'
import { describeIssues, formatPath, render } from './problems.ts'
import { configSchema } from './schema.ts'

/**
 * Checks all of a configuration, and gives it with every path absolute, or everything that is wrong with it, one line a
 * problem. `dir` is what relative paths count from.
 */
export function checkConfig(draft: Draft, dir: string): { config: Unfinished | undefined; problems: string[] } {
  // Compiling the schema takes longer than the one run that it is for.
  const result = configSchema.safeParse(draft.raw, { reportInput: true, jitless: true })
  const problems = [
    ...draft.problems,
    ...describeIssues(result.error?.issues ?? [], draft.origins),
    ...checkApps(draft.raw.apps, dir),
    ...checkStore(draft.raw.store),
  ]
  if (!result.success || problems.length > 0) return { config: undefined, problems }
  return { config: resolvePaths(result.data, dir), problems }
}

// store:0 can only be one of them, in the log and for the commands.
const takenName = 'apps.store expected a name of its own, got "store", which is that of the shared store.'

/**
 * What concerns several settings, or the machine. It looks at the raw values, so that these problems are listed also
 * when another one keeps the schema from giving a result.
 */
function checkApps(apps: unknown, dir: string): string[] {
  if (apps !== undefined && !isSection(apps)) return []
  const sections = Object.entries(apps ?? {}).flatMap(([name, app]) => (isSection(app) ? [{ name, app }] : []))
  if (Object.keys(apps ?? {}).length === 0) {
    return ['apps expected at least one application, got none. Name its file: saola start ./app.ts']
  }
  const listening = sections.map(({ name, app }) => {
    const listen = supervisorOptions.shape.listen.safeParse(app.listen)
    return { name, listen: listen.data ?? [] }
  })
  return [
    ...findConflicts(listening),
    ...sections.filter(({ name }) => name === 'store').map(() => takenName),
    ...sections.flatMap(({ name, app }) => [
      ...checkPath(['apps', name, 'app'], app.app, 'file', dir),
      ...checkPath(['apps', name, 'cwd'], app.cwd, 'folder', dir),
    ]),
  ]
}

/** It is in one place only. */
function checkStore(store: unknown): string[] {
  const isTwice = isSection(store) && store.url !== undefined && store.dir !== undefined && store.dir !== 'auto'
  return isTwice
    ? ['store.url and store.dir exclude each other: the data is in Redis, or in a folder. Remove one.']
    : []
}

function checkPath(path: readonly string[], value: unknown, expected: 'file' | 'folder', dir: string): string[] {
  if (typeof value !== 'string' || value === '') return []
  const file = resolve(dir, value)
  const found = statSync(file, { throwIfNoEntry: false })
  if (expected === 'file' ? found?.isFile() : found?.isDirectory()) return []
  const meant = found ? undefined : suggest(basename(file), namesIn(dirname(file)))
  const reason = found ? `${file} is none` : `${file} does not exist`
  const hint = meant ? `, did you mean ${meant}?` : '.'
  return [`${formatPath(path)} expected a ${expected}, got ${render(value)} (${reason})${hint}`]
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The folder does not exist either: then there is nothing to suggest.
    return []
  }
}

/** Makes the value of every option that is a path absolute. `-` and `auto` are no paths. */
function resolvePaths(config: Unfinished, dir: string): Unfinished {
  const copy = structuredClone(config)
  for (const { path } of options.filter(({ kind }) => kind === 'path')) {
    changeAt(copy, path.split('.'), value => (value === '-' || value === 'auto' ? value : resolve(dir, value)))
  }
  return copy
}

function changeAt(section: unknown, [key, ...rest]: readonly string[], change: (value: string) => string): void {
  if (!isSection(section) || key === undefined) return
  if (key === '*') {
    for (const child of Object.values(section)) changeAt(child, rest, change)
  } else if (rest.length > 0) changeAt(section[key], rest, change)
  else if (typeof section[key] === 'string') section[key] = change(section[key])
}
