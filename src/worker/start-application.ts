/** Runs the application, until a server of it listens. */
import cluster from 'node:cluster'
import { realpathSync } from 'node:fs'
import module from 'node:module'
import type net from 'node:net'
import { ServerError } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { exportedApp, notServing, serveExport } from './adapters.ts'
import type { ListenCapture } from './listen-capture.ts'

export interface StartOptions {
  /** Absolute path of the application. */
  readonly entry: string
  readonly keepAliveMs: number
  readonly capture: ListenCapture
}

/**
 * Resolves with the server that takes the connections.
 *
 * @throws {ServerError} ERR_APP_INVALID when the application serves nothing; and whatever it throws itself.
 */
export async function startApplication({ entry, keepAliveMs, capture }: StartOptions): Promise<net.Server> {
  const ended = Promise.withResolvers<never>()
  let exported: Record<string, unknown> | undefined
  const serve = async () => {
    exported = await loadModule(entry)
    const app = await exportedApp(exported)
    // A script that listens is served by what listens; what it exports is for others, its tests for instance.
    if (app !== undefined && !capture.adopted) await serveExport(app, { keepAliveMs })
    return capture.listening
  }
  // With nothing left to wait for but the supervisor, the application will never listen.
  const onEnd = () => ended.reject(notServing(exported))
  process.once('beforeExit', onEnd)
  process.channel?.unref()
  beMainScript(entry)
  refuseToFork()
  try {
    return await Promise.race([serve(), ended.promise])
  } finally {
    process.channel?.ref()
    process.off('beforeExit', onEnd)
  }
}

/** What a script finds in a process of its own: `process.argv[1]`, and `require.main === module`. */
function beMainScript(entry: string): void {
  process.argv.splice(1, Number.POSITIVE_INFINITY, entry)
  const path = realpathSync(entry)
  const { _cache: cache } = module as unknown as { _cache: Record<string, unknown> }
  // A CommonJS module is in the cache before its first line runs.
  Object.defineProperty(process, 'mainModule', { get: () => cache[path], configurable: true, enumerable: true })
}

/** An application that forks would put a pool of workers into each worker; and its first one would not even listen. */
function refuseToFork(): void {
  cluster.fork = () => {
    throw new ServerError(
      'ERR_APP_INVALID',
      'The application calls cluster.fork(), and Saola runs it in several processes already: call listen() instead.',
    )
  }
  module.syncBuiltinESMExports()
}
