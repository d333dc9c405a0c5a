/** What the supervisor must know of the shared store to keep its owner, `store:0`, made of the configuration. */
import { fileURLToPath } from 'node:url'
import { type Identity, identityOf } from '../base/identity.ts'
import type { Config, LoadedConfig } from '../config/config.ts'
import { originOf } from '../config/draft.ts'
import { type OwnerSpec, type RemoteSpec, specVariable } from '../store/owner/owner-spec.ts'
import type { DoorSpec } from '../store/resp/door.ts'
import type { ServiceDefinition } from '../supervisor/app-definition.ts'
import type { GroupSpec } from '../supervisor/fleet.ts'
import type { Launch } from '../supervisor/spawn-process.ts'
import { giveStoreFolder } from './store-folder.ts'
import { inheritedEnvironment } from './worker-launch.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const ownerFile = fileURLToPath(new URL(`./store-child.${extension}`, import.meta.url))

const groupSpec: GroupSpec = {
  kind: 'store',
  name: 'store',
  revision: 0,
  workers: 1,
  scaling: { min: 1, max: 1 },
  // A large file that was not closed properly is looked through first, or replaced by a snapshot.
  bootTimeoutMs: 300_000,
  // A restore of a large backup takes as long as it takes, and no beat comes meanwhile.
  timeoutMs: 0,
  stopTimeoutMs: 30_000,
  stopDelayMs: 0,
  startMs: 1_000,
  startRetries: 10,
  backoff: { min: 100, max: 10_000 },
  lifetimeMs: 0,
  softBytes: undefined,
  hardBytes: undefined,
}

/**
 * None for a store in Redis. It starts with the tree when the configuration has a section `store`, else at the first use.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when the user or group of the first application does not exist.
 */
export function defineStores({ config, origins }: LoadedConfig): ServiceDefinition[] {
  // The data is in Redis, and nothing of it is on this machine.
  if (config.store.url !== undefined) return []
  const [app] = Object.values(config.apps)
  // Its files are for one user only, and that is who uses them.
  const identity = identityOf(app?.user, app?.group)
  // The door is the owner's alone: a worker has no use for the password, and could start an owner only when the tree is gone.
  const spec: OwnerSpec = { ...ownerSpecOf(config), door: doorOf(config), tree: config.name }
  const service: ServiceDefinition = {
    spec: groupSpec,
    starts: originOf(origins, 'store') === 'default' && !config.tasks ? 'when used' : 'with the tree',
    stdout: undefined,
    stderr: undefined,
    launch() {
      giveStoreFolder(config, identity)
      return launchOf(spec, identity, config.dir)
    },
  }
  return [service]
}

function launchOf(spec: OwnerSpec, { uid, gid, env }: Identity, cwd: string): Launch {
  return {
    command: process.execPath,
    args: [ownerFile],
    cwd,
    // It runs no code of the project, and so has no use for the project's variables.
    env: { ...inheritedEnvironment({ variables: {} }), ...env, NODE_OPTIONS: '', [specVariable]: JSON.stringify(spec) },
    uid,
    gid,
    fds: [],
  }
}

/** The network door of a store; undefined: none. */
export function doorOf({ store }: Pick<Config, 'store'>): DoorSpec | undefined {
  const { listen, password, tls, allow, maxClients, idleTimeout } = store
  if (!listen) return undefined
  return {
    listen,
    password,
    tls,
    allow,
    clientsMax: maxClients,
    idleMs: idleTimeout,
    outputBytesMax: store.maxOutputBytes,
    pushBytesMax: store.maxMessageBytes,
    queryBytesMax: store.maxQueryBytes,
  }
}

/** How the processes of a tree come to its store. */
export function treeStoreOf(config: Config): OwnerSpec | RemoteSpec {
  const { url, password, maxValueBytes } = config.store
  return url === undefined ? ownerSpecOf(config) : { url, password, valueBytesMax: maxValueBytes }
}

/** The store of a tree, as its owner and its users know it. */
export function ownerSpecOf({ store }: Pick<Config, 'store'>): OwnerSpec {
  const { dir, durability, maxSize, maxValueBytes, maxKeys, snapshot } = store
  const snapshots = { everyMs: snapshot.every, keep: snapshot.keep }
  return { dir, durability, sizeMax: maxSize, valueBytesMax: maxValueBytes, keysMax: maxKeys, snapshots }
}
