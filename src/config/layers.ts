import { join, resolve } from 'node:path'
import type { LoadRequest } from './config.ts'
import { development } from './development.ts'
import { assign, createDraft, type Draft, isSection, openSection } from './draft.ts'
import { hasVariable, readVariable, variableOf, warnOfUnknown } from './environment.ts'
import { findOption } from './find-option.ts'
import { options } from './generated.ts'
import type { Option } from './option.ts'

/** What a configuration file says, and its name for messages. */
export interface FileLayer {
  readonly name: string
  readonly value: Record<string, unknown>
}

/** Puts the layers over each other: flags > environment > `saola dev` > file. */
export function mergeLayers(request: LoadRequest, file: FileLayer | undefined): Draft {
  const draft = createDraft(file?.value ?? {}, `file ${file?.name}`)
  if (namesOfApps(draft).length === 0 && isAppNamed(request)) draft.raw.apps = { web: {} }
  if (request.mode === 'dev') addDevelopment(draft)
  addCommonVariables(draft, request.env)
  addOwnVariables(draft, request.env)
  addFlags(draft, request, file)
  return draft
}

/** Does the command line or the environment name an application, which is then called `web`? */
function isAppNamed({ flags, env }: LoadRequest): boolean {
  return flags.app !== undefined || env[variableOf('apps.web.app')] !== undefined
}

function namesOfApps({ raw }: Draft): string[] {
  return isSection(raw.apps) ? Object.keys(raw.apps) : []
}

function addDevelopment(draft: Draft): void {
  for (const app of namesOfApps(draft)) {
    assign(draft, ['apps', app, 'workers'], development.workers, 'dev')
    assign(draft, ['apps', app, 'timeout'], development.timeout, 'dev')
    const path = `apps.${app}.accessLog`
    const isAsked = [...draft.origins.keys()].some(known => known === path || known.startsWith(`${path}.`))
    if (!isAsked) assign(draft, ['apps', app, 'accessLog'], development.accessLog, 'dev')
  }
}

/** PORT and WEB_CONCURRENCY, as platforms set them: for the only application, or the one that is called `web`. */
function addCommonVariables(draft: Draft, env: NodeJS.ProcessEnv): void {
  const apps = namesOfApps(draft)
  const app = apps.length === 1 ? apps[0] : apps.find(name => name === 'web')
  for (const name of ['PORT', 'WEB_CONCURRENCY'] as const) {
    const text = env[name]
    if (!text || apps.length === 0) continue
    if (!app) draft.warnings.push(`${name} has no effect: none of the applications is called web.`)
    else if (name === 'PORT') assign(draft, ['apps', app, 'listen'], `0.0.0.0:${text}`, 'env PORT')
    else assign(draft, ['apps', app, 'workers'], /^\d+$/.test(text) ? Number(text) : text, 'env WEB_CONCURRENCY')
  }
}

/** `SAOLA_…`, one for every option that fits into a text. */
function addOwnVariables(draft: Draft, env: NodeJS.ProcessEnv): void {
  const known = new Set<string>()
  for (const option of options.filter(hasVariable)) {
    for (const path of pathsOf(option, namesOfApps(draft))) {
      const variable = variableOf(path.join('.'))
      known.add(variable)
      const text = env[variable]
      if (text === undefined) continue
      const short = findOption(path.slice(0, -1))?.short
      if (short) openSection(draft, path.slice(0, -1), short)
      assign(draft, path, readVariable(option, text), `env ${variable}`)
    }
  }
  draft.warnings.push(...warnOfUnknown(env, known))
}

/** The paths of an option in this configuration: one for each application, where it is an option of those. */
function pathsOf({ path }: Option, apps: readonly string[]): string[][] {
  const keys = path.split('.')
  return keys[1] === '*' ? apps.map(app => ['apps', app, ...keys.slice(2)]) : [keys]
}

function addFlags(draft: Draft, { flags, cwd }: LoadRequest, file: FileLayer | undefined): void {
  if (flags.name !== undefined) assign(draft, ['name'], flags.name, 'flag --name')
  const settings = [
    ...(flags.app === undefined ? [] : [{ key: 'app', value: resolve(cwd, flags.app), origin: 'argument' }]),
    ...(flags.workers === undefined ? [] : [{ key: 'workers', value: numberOrText(flags.workers), origin: 'flag -w' }]),
    ...(flags.bind?.length
      ? [{ key: 'listen', value: flags.bind.map(text => fromFolder(cwd, text)), origin: 'flag -b' }]
      : []),
  ]
  const [app, ...others] = namesOfApps(draft)
  for (const { key, value, origin } of settings) {
    if (app === undefined) continue
    if (others.length === 0) assign(draft, ['apps', app, key], value, origin)
    else {
      const what = origin === 'argument' ? 'The application of the command line' : `The ${origin}`
      const names = [app, ...others].join(', ')
      draft.problems.push(
        `${what} fits no single application: ${file?.name ?? 'the environment'} has ${names}. Set ${key} there.`,
      )
    }
  }
}

function numberOrText(value: string | number): string | number {
  return /^\d+$/.test(String(value)) ? Number(value) : value
}

/** A relative path of the command line counts from where the command was given, not from the file's folder. */
function fromFolder(cwd: string, address: string): string {
  const path = /^unix:(?!\/)(.+)$/.exec(address)?.[1]
  return path === undefined ? address : `unix:${join(cwd, path)}`
}
