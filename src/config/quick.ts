/**
 * The configuration of a start without a file: `saola start ./app.ts -w 4 -b :8000`.
 *
 * Loading the schema takes 20 ms, which is as long as Node itself takes to start. Without a file there are only four
 * settings, so this does without the schema: it puts them over the defaults, which are generated from it
 * (scripts/reference.mjs). quick.test.ts holds that both ways give the same. Whatever is not plain and right is left to
 * the schema, which has the messages.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Address, parseAddress } from '../base/address.ts'
import { countCpus, workersMax } from '../base/cpu-count.ts'
import { completeConfig, findConflicts } from './complete.ts'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { development } from './development.ts'
import { hasVariables, originOfVariable } from './environment.ts'
import { defaultApp, defaultTree } from './generated.ts'

/** The configuration, or undefined when the schema is needed after all. */
export function quickConfig(request: LoadRequest): LoadedConfig | undefined {
  const { cwd, flags, mode, env } = request
  const isEdge = flags.static !== undefined || flags.proxy !== undefined
  if (flags.app === undefined || isEdge || hasVariables(env)) return undefined
  const app = resolve(cwd, flags.app)
  const listen = listenOf(request)
  const workers = workersOf(request)
  const isPlain =
    statSync(app, { throwIfNoEntry: false })?.isFile() && /^[A-Za-z0-9][\w.-]{0,63}$/.test(flags.name ?? 'web')
  if (!isPlain || !listen || !workers) return undefined
  const ofMode = mode === 'dev' ? development : {}
  const web = { ...defaultApp, ...ofMode, app, cwd, listen: listen.value, workers: workers.value }
  const name = flags.name === undefined ? {} : { name: flags.name }
  const config = completeConfig({ ...defaultTree, ...name, apps: { web } }, request, { file: undefined, dir: cwd })
  return { config, origins: originsOf(request, listen.origin, workers.origin), warnings: [] }
}

interface Setting<Value> {
  readonly value: Value
  readonly origin: string
}

function listenOf(request: LoadRequest): Setting<readonly Address[]> | undefined {
  const { flags, env } = request
  const isFlag = flags.bind !== undefined && flags.bind.length > 0
  const texts = isFlag ? flags.bind : [env.PORT ? `0.0.0.0:${env.PORT}` : '127.0.0.1:8000']
  try {
    const value = texts.map(text => parseAddress(text))
    if (findConflicts([{ where: 'apps.web', listen: value }]).length > 0) return undefined
    return { value, origin: isFlag ? 'flag -b' : env.PORT ? originOfVariable('PORT', request) : 'default' }
  } catch {
    // The schema says what is wrong with it, together with everything else.
    return undefined
  }
}

function workersOf(request: LoadRequest): Setting<{ min: number; max: number }> | undefined {
  const { flags, env, mode } = request
  const settings: { value: string | number | undefined; origin: string }[] = [
    { value: flags.workers, origin: 'flag -w' },
    { value: env.WEB_CONCURRENCY || undefined, origin: originOfVariable('WEB_CONCURRENCY', request) },
    { value: mode === 'dev' ? development.workers : undefined, origin: 'dev' },
  ]
  const { value, origin } = settings.find(setting => setting.value !== undefined) ?? {
    value: 'auto',
    origin: 'default',
  }
  const isNumber = /^\d+$/.test(String(value))
  const count = value === 'auto' ? countCpus() : isNumber ? Number(value) : 0
  return count >= 1 && count <= workersMax ? { value: { min: count, max: count }, origin } : undefined
}

function originsOf({ flags, mode }: LoadRequest, listen: string, workers: string): Map<string, string> {
  const origins = new Map([
    ['apps.web.app', 'argument'],
    ['apps.web.listen', listen],
    ['apps.web.workers', workers],
    ...(flags.name === undefined ? [] : [['name', 'flag --name'] as const]),
    ...(mode === 'dev' ? (['timeout', 'accessLog'] as const).map(key => [`apps.web.${key}`, 'dev'] as const) : []),
  ])
  for (const [path, origin] of origins) if (origin === 'default') origins.delete(path)
  return origins
}
