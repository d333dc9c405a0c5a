import { join, resolve } from 'node:path'
import { namesIn, pathsOf } from './collections.ts'
import type { LoadRequest } from './config.ts'
import { development } from './development.ts'
import { assign, createDraft, type Draft, openSection } from './draft.ts'
import { hasVariable, originOfVariable, readVariable, variableOf, warnOfUnknown } from './environment.ts'
import { findOption } from './find-option.ts'
import { options } from './generated.ts'

/** What a configuration file says, and its name for messages. */
export interface FileLayer {
  readonly name: string
  readonly value: Record<string, unknown>
}

/** Puts the layers over each other: flags > environment, with what files of variables add to it > `saola dev` > file. */
export function mergeLayers(request: LoadRequest, file: FileLayer | undefined): Draft {
  const draft = createDraft(file?.value ?? {}, `file ${file?.name}`)
  if (namesOfApps(draft).length === 0 && isAppNamed(request)) draft.raw.apps = { web: {} }
  if (request.mode === 'dev') addDevelopment(draft)
  addCommonVariables(draft, request)
  addOwnVariables(draft, request)
  addFlags(draft, request, file)
  return draft
}

/** Does the command line or the environment name something to serve, which is then called `web`? */
function isAppNamed({ flags, env }: LoadRequest): boolean {
  const isNamed = [flags.app, flags.static, flags.proxy].some(flag => flag !== undefined)
  return isNamed || env[variableOf('apps.web.app')] !== undefined
}

function namesOfApps({ raw }: Draft): string[] {
  return namesIn(raw, 'apps')
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
function addCommonVariables(draft: Draft, request: LoadRequest): void {
  const apps = namesOfApps(draft)
  const app = apps.length === 1 ? apps[0] : apps.find(name => name === 'web')
  for (const name of ['PORT', 'WEB_CONCURRENCY'] as const) {
    const text = request.env[name]
    const origin = originOfVariable(name, request)
    if (!text || apps.length === 0) continue
    if (!app) draft.warnings.push(`${name} has no effect: none of the applications is called web.`)
    else if (name === 'PORT') assign(draft, ['apps', app, 'listen'], `0.0.0.0:${text}`, origin)
    else assign(draft, ['apps', app, 'workers'], numberOrText(text), origin)
  }
}

/** `SAOLA_…`, one for every option that fits into a text. */
function addOwnVariables(draft: Draft, request: LoadRequest): void {
  const known = new Set<string>()
  for (const option of options.filter(hasVariable)) {
    for (const path of pathsOf(option.path, draft.raw)) {
      const variable = variableOf(path.join('.'))
      known.add(variable)
      const text = request.env[variable]
      if (text === undefined) continue
      const short = findOption(path.slice(0, -1))?.short
      if (short) openSection(draft, path.slice(0, -1), short)
      assign(draft, path, readVariable(option, text), originOfVariable(variable, request))
    }
  }
  draft.warnings.push(...warnOfUnknown(request.env, known))
}

function addFlags(draft: Draft, request: LoadRequest, file: FileLayer | undefined): void {
  if (request.flags.name !== undefined) assign(draft, ['name'], request.flags.name, 'flag --name')
  const [app, ...others] = namesOfApps(draft)
  for (const { path, value, origin } of settingsOf(request)) {
    if (app === undefined) continue
    if (others.length === 0) assign(draft, ['apps', app, ...path], value, origin)
    else {
      const what = origin === 'argument' ? 'The application of the command line' : `The ${origin}`
      const names = [app, ...others].join(', ')
      const key = path.filter(step => step !== '/').join('.')
      draft.problems.push(
        `${what} fits no single application: ${file?.name ?? 'the environment'} has ${names}. Set ${key} there.`,
      )
    }
  }
}

interface FlagSetting {
  /** Below the application. */
  readonly path: readonly string[]
  readonly value: unknown
  readonly origin: string
}

/** What the command line says of the application. */
function settingsOf({ flags, cwd }: LoadRequest): FlagSetting[] {
  const { app, workers, bind, static: folder, proxy } = flags
  return [
    ...(app === undefined ? [] : [{ path: ['app'], value: resolve(cwd, app), origin: 'argument' }]),
    ...(workers === undefined ? [] : [{ path: ['workers'], value: numberOrText(workers), origin: 'flag -w' }]),
    ...(bind?.length ? [{ path: ['listen'], value: bind.map(text => fromFolder(cwd, text)), origin: 'flag -b' }] : []),
    ...(folder === undefined
      ? []
      : [{ path: ['edge', 'static', '/'], value: { dir: resolve(cwd, folder) }, origin: 'flag --static' }]),
    ...(proxy === undefined
      ? []
      : [
          {
            path: ['edge', 'proxy', '/'],
            value: { to: proxy.map(text => fromFolder(cwd, text)) },
            origin: 'flag --proxy',
          },
        ]),
  ]
}

function numberOrText(value: string | number): string | number {
  return /^\d+$/.test(String(value)) ? Number(value) : value
}

/** A relative path of the command line counts from where the command was given, not from the file's folder. */
function fromFolder(cwd: string, address: string): string {
  const path = /^unix:(?!\/)(.+)$/.exec(address)?.[1]
  return path === undefined ? address : `unix:${join(cwd, path)}`
}
