/** What files for a machine or a container need to know of a configuration. Who reads it is cli/deployment.ts. */
import { relative } from 'node:path'
import type { Address } from '../base/address.ts'
import { ServerError } from '../base/errors.ts'

export interface Deployment {
  /** The name of the tree. */
  readonly name: string
  /** The project: where commands are given, and what paths in files count from. */
  readonly folder: string
  /** Of the configuration, when it is not the one that is found by itself. */
  readonly configFile: string | undefined
  /** Where trees keep their state: `.saola` beside the configuration. */
  readonly stateFolder: string
  readonly apps: readonly DeployedApp[]
  /** Folders that are written to, beside the state: of logs, of the store. */
  readonly writtenFolders: readonly string[]
  /** Folders that the edge serves files of. */
  readonly staticFolders: readonly string[]
  readonly redis: DeployedRedis | undefined
  readonly commands: readonly DeployedCommand[]
  /** The longest that a stop may take. */
  readonly stopMs: number
  /** The longest that a start may take. */
  readonly bootMs: number
  /** Where something beside the applications listens: the door of the store. */
  readonly otherListen: readonly Address[]
}

export interface DeployedApp {
  readonly name: string
  readonly listen: readonly Address[]
  /** Addresses that only send to TLS. */
  readonly redirect: readonly Address[]
  readonly hasTls: boolean
  /** The path that says whether it is well, and with which status. */
  readonly ready: { readonly path: string; readonly status: number } | undefined
  readonly backlog: number
  /** The variables that say where it listens. */
  readonly variables: { readonly listen: string; readonly redirect: string }
  /** PORT is meant for it. */
  readonly takesPort: boolean
  /** Modules that its flags of Node load, such as `tsx`. */
  readonly preloads: readonly string[]
}

/** A store in Redis or Valkey. */
export interface DeployedRedis {
  readonly host: string
  readonly port: number
  readonly hasPassword: boolean
}

/** A command of another program that the tree runs. */
export interface DeployedCommand {
  /** `programs.jobs` */
  readonly where: string
  /** Its first word. */
  readonly command: string
}

/**
 * A path as files in the project have it: `.saola`, `logs`; an absolute one when it is elsewhere.
 *
 * ```ts
 * placeOf('/srv/shop/logs', '/srv/shop')  // 'logs'
 * ```
 */
export function placeOf(path: string, folder: string): string {
  const inside = relative(folder, path)
  return inside.startsWith('..') ? path : inside || '.'
}

/** @throws {ServerError} ERR_USAGE when the configuration is not a part of what would be copied into an image. */
export function requireInside(path: string, folder: string): string {
  const inside = placeOf(path, folder)
  if (!inside.startsWith('/')) return inside
  throw new ServerError('ERR_USAGE', `${path} is not in ${folder}. Give the command in the folder of the project.`)
}

/** Ports in the order of the configuration, each once. */
export function portsOf(addresses: readonly Address[]): number[] {
  return [...new Set(addresses.flatMap(address => (address.kind === 'tcp' && address.port > 0 ? [address.port] : [])))]
}
