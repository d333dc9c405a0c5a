import { resolve } from 'node:path'
import type { Address } from '../base/address.ts'
import { addresses } from '../base/option-types.ts'
import { fillTemplate } from '../base/templates.ts'
import { supervisorOptions } from '../supervisor/options.ts'
import { Accounts } from './check-accounts.ts'
import { checkApp, checkStaticFlag } from './check-apps.ts'
import { checkCron, readCron } from './check-cron.ts'
import { checkDependencies } from './check-dependencies.ts'
import { checkPath } from './check-paths.ts'
import { checkNames, checkProgram } from './check-programs.ts'
import { checkProxiedPrograms } from './check-proxies.ts'
import { findConflicts, type Unfinished } from './complete.ts'
import { fillFiles, fillPaths } from './complete-programs.ts'
import { type Draft, isSection } from './draft.ts'
import { type DraftApp, readApps } from './draft-apps.ts'
import { type DraftProgram, readPrograms } from './draft-programs.ts'
import { optionTree } from './find-option.ts'
import { mapKinds } from './option-tree.ts'
import { describeIssues } from './problems.ts'
import { configSchema } from './schema.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Checks all of a configuration, and gives it with every path absolute, or everything that is wrong with it, one line a
 * problem.
 */
export function checkConfig(
  draft: Draft,
  surroundings: Surroundings,
): { config: Unfinished | undefined; problems: string[] } {
  const { dir, env } = surroundings
  // Compiling the schema takes longer than the one run that it is for.
  const result = configSchema.safeParse(draft.raw, { reportInput: true, jitless: true })
  const problems = [
    ...draft.problems,
    ...describeIssues(result.error?.issues ?? [], draft.origins),
    ...checkSections(draft, surroundings),
  ]
  if (!result.success || problems.length > 0) return { config: undefined, problems }
  const programs = Object.entries(result.data.programs).map(([name, program]) => [name, fillPaths(name, program, env)])
  const cron = Object.entries(result.data.cron).map(([name, entry]) => [name, fillFiles(name, entry, env)])
  const filled = { programs: Object.fromEntries(programs), cron: Object.fromEntries(cron) }
  return { config: resolvePaths({ ...result.data, ...filled }, dir), problems }
}

/**
 * What concerns several settings, or the machine. It looks at the raw values, so that these problems are listed also
 * when another one keeps the schema from giving a result.
 */
function checkSections(draft: Draft, { dir, env, isForElsewhere }: Surroundings): string[] {
  const { raw } = draft
  const apps = readApps(raw.apps)
  const programs = readPrograms(raw.programs)
  const ground = { dir, env, isForElsewhere, accounts: new Accounts() }
  return [
    ...checkContent(raw),
    ...checkAddresses(apps, programs, raw),
    ...apps.flatMap(app => checkApp(app, ground)),
    ...checkNames(
      programs,
      apps.map(({ name }) => name),
    ),
    ...programs.flatMap(program => checkProgram(program, ground)),
    ...readCron(raw.cron).flatMap(entry => checkCron(entry, ground)),
    ...checkDependencies(programs, apps),
    ...apps.flatMap(app => checkProxiedPrograms(app, programs, env)),
    ...checkStaticFlag(draft, dir),
    ...checkStore(raw.store),
    ...(isForElsewhere ? [] : checkTasks(raw.tasks, dir)),
  ]
}

/** A problem of a tree that would do nothing at all. */
function checkContent({ apps, programs, tasks, cron }: Draft['raw']): string[] {
  const isEmpty = (section: unknown) =>
    section === undefined || (isSection(section) && Object.keys(section).length === 0)
  if (!isEmpty(apps) || !isEmpty(programs) || !isEmpty(cron) || tasks !== undefined) return []
  return [
    'apps expected at least one application, got none. Name its file: saola start ./app.ts; or say what to serve ' +
      'without one: --static ./public, --proxy http://127.0.0.1:9000; or have programs, cron or tasks in a configuration file',
  ]
}

function checkAddresses(
  apps: readonly DraftApp[],
  programs: readonly DraftProgram[],
  { dashboard, metrics }: Draft['raw'],
): string[] {
  return findConflicts([
    ...apps.map(({ name, app }) => {
      const listen = supervisorOptions.shape.listen.safeParse(app.listen, { jitless: true })
      return { where: `apps.${name}`, listen: listen.data ?? [], redirect: redirectsOf(app) }
    }),
    ...programs.map(({ name, where, given }) => ({
      where,
      listen: (given.listen ?? []).map(address =>
        address.kind === 'unix' ? { ...address, path: fillTemplate(address.path, { name }) } : address,
      ),
    })),
    { where: 'dashboard', listen: addressesOf(dashboard) },
    { where: 'metrics', listen: addressesOf(metrics) },
  ])
}

/** Of a section; what is wrong with them is told elsewhere. */
function addressesOf(section: unknown): Address[] {
  return (isSection(section) && listenOption.safeParse(section.listen, { jitless: true }).data) || []
}

function redirectsOf({ tls }: DraftApp['app']): Address[] {
  return (isSection(tls) && listenOption.safeParse(tls.redirect).data) || []
}

const listenOption = addresses()

/** It is in one place only. */
function checkStore(store: unknown): string[] {
  const isTwice = isSection(store) && store.url !== undefined && store.dir !== undefined && store.dir !== 'auto'
  return isTwice
    ? ['store.url and store.dir exclude each other: the data is in Redis, or in a folder. Remove one.']
    : []
}

function checkTasks(tasks: unknown, dir: string): string[] {
  return isSection(tasks) ? checkPath('tasks.dir', tasks.dir ?? 'tasks', 'folder', dir) : []
}

/** Makes every path in it absolute, also in lists and records. `-` and `auto` are no paths. */
function resolvePaths(config: Unfinished, dir: string): Unfinished {
  return mapKinds(config, optionTree(), (value, kind) => {
    if (typeof value !== 'string') return value
    if (kind === 'upstream') return value.replace(/^unix:(?!\/)(.+)/s, (_, path) => `unix:${resolve(dir, path)}`)
    return kind === 'path' && value !== '-' && value !== 'auto' ? resolve(dir, value) : value
  }) as Unfinished
}
