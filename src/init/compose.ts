/** A compose.yaml for a project whose image is made by its Dockerfile. */
import { join } from 'node:path'
import {
  bootSeconds,
  exposedPorts,
  healthCommand,
  healthTimes,
  inContainer,
  keptFolders,
  listenVariables,
  workFolder,
  writtenFolders,
} from './container.ts'
import { type DeployedRedis, type Deployment, placeOf } from './deployment.ts'
import type { PlannedFiles } from './dockerfile.ts'
import { isFile, type Project } from './project.ts'
import { staticFolders } from './static-folders.ts'

/** Lines of a section, or scalars of a list; nothing of it is there when it is empty. */
type Lines = readonly string[]

export function planCompose(project: Project, deployment: Deployment): PlannedFiles {
  const store = redisServiceOf(deployment)
  const volumes = volumesOf(deployment)
  const isReadOnly = !writtenFolders(deployment).includes(workFolder)
  const service: Lines = [
    'build: .',
    '# Reaps what others leave behind; the image has one of its own for other ways to run it.',
    'init: true',
    'restart: unless-stopped',
    ...list(
      'ports',
      exposedPorts(deployment).map(port => quoted(`${port}:${port}`)),
    ),
    ...(isFile(join(project.folder, '.env')) ? list('env_file', ['.env']) : ['# env_file: [.env]']),
    ...section('environment', environmentOf(deployment, store)),
    '# As long as a stop may take; then what is left is killed.',
    `stop_grace_period: ${Math.ceil(deployment.stopMs / 1_000)}s`,
    ...(isReadOnly
      ? [
          '# It writes to its volumes and to /tmp. An application that writes elsewhere needs a volume there.',
          'read_only: true',
        ]
      : []),
    ...list('tmpfs', ['/tmp']),
    ...list('cap_drop', ['ALL']),
    ...list('security_opt', ['no-new-privileges:true']),
    ...list(
      'volumes',
      volumes.map(({ mount }) => mount),
    ),
    ...healthOf(deployment),
    ...(store ? section('depends_on', [`${store.name}:`, '  condition: service_healthy']) : []),
  ]
  const named = [...volumes.flatMap(({ name }) => name ?? []), ...(store ? [store.volume] : [])]
  const text = [
    '# Written by "saola init compose". It is yours: change what does not fit.',
    'services:',
    ...indent([`${serviceName(deployment)}:`, ...indent(service)]),
    ...(store ? indent(['', ...store.lines]) : []),
    ...(named.length > 0 ? ['', 'volumes:', ...indent(named.map(name => `${name}:`))] : []),
  ]
  return { files: [{ path: 'compose.yaml', text: `${text.join('\n')}\n` }], notes: notesOf(deployment) }
}

function serviceName({ name }: Deployment): string {
  return name.toLowerCase()
}

function environmentOf(deployment: Deployment, store: RedisService | undefined): Lines {
  const { redis } = deployment
  const storeVariables: [string, string][] = store
    ? [
        ['SAOLA_STORE_URL', `redis://${store.name}:6379`],
        ...(redis?.hasPassword ? [['SAOLA_STORE_PASSWORD', passwordFromOutside] satisfies [string, string]] : []),
      ]
    : []
  return [...listenVariables(deployment), ...storeVariables].map(([name, value]) => `${name}: ${quoted(value)}`)
}

// Compose itself fills it in, from its environment or .env, and refuses to start without.
const passwordFromOutside = `\${STORE_PASSWORD:?the password of the store}`

function healthOf(deployment: Deployment): Lines {
  return section('healthcheck', [
    `test: ${flow(['CMD', ...healthCommand(deployment)])}`,
    `interval: ${healthTimes.intervalSeconds}s`,
    `timeout: ${healthTimes.timeoutSeconds}s`,
    `retries: ${healthTimes.retries}`,
    `start_period: ${bootSeconds(deployment)}s`,
  ])
}

interface Volume {
  /** `store:/app/.saola` */
  readonly mount: string
  /** Of a volume that Docker keeps; undefined: a folder of the project. */
  readonly name?: string
}

/** One for the state and the store in it, one for each further folder that is written to, and those of static files. */
function volumesOf(deployment: Deployment): Volume[] {
  const [state, ...others] = keptFolders(deployment)
  const kept = [
    ...(state === undefined ? [] : [{ name: 'store', path: state }]),
    ...others.map(path => ({ name: volumeName(path), path })),
  ].map(({ name, path }) => ({ name, mount: `${name}:${path}` }))
  return [...kept, ...staticVolumes(deployment)]
}

/**
 * Static files. Those of the project are mounted as they are, so that one may be exchanged without a new image, and a volume of
 * Docker's own would keep the files of the first image for ever.
 */
function staticVolumes(deployment: Deployment): Volume[] {
  const { folder } = deployment
  return staticFolders(deployment).flatMap(({ path, kind }) => {
    if (kind === 'built') return []
    const place = placeOf(path, folder)
    if (kind === 'elsewhere') return [{ mount: `${place}:${place}:ro` }]
    if (kind === 'project') return [{ mount: `./${place}:${inContainer(path, deployment)}:ro` }]
    return [
      {
        name: volumeName(inContainer(path, deployment)),
        mount: `${volumeName(inContainer(path, deployment))}:${inContainer(path, deployment)}`,
      },
    ]
  })
}

function volumeName(path: string): string {
  return (
    placeOf(path, workFolder)
      .replace(/[^A-Za-z0-9_.-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '') || 'files'
  )
}

interface RedisService {
  readonly name: string
  readonly volume: string
  readonly lines: Lines
}

/** A Valkey of its own for a store that is at this machine's Redis; one elsewhere is reached where it is. */
function redisServiceOf({ redis }: Deployment): RedisService | undefined {
  if (!redis || !isHere(redis)) return undefined
  const name = 'valkey'
  const words = [
    'valkey-server',
    '--appendonly',
    'yes',
    ...(redis.hasPassword ? ['--requirepass', passwordFromOutside] : []),
  ]
  const lines = [
    `${name}:`,
    ...indent([
      'image: valkey/valkey:8',
      'restart: unless-stopped',
      `command: ${flow(words, text => text)}`,
      ...list('volumes', [`${name}:/data`]),
      ...section('healthcheck', [
        // With a password it answers that one is needed, and so that it is there.
        `test: ${flow(['CMD', 'valkey-cli', 'ping'])}`,
        'interval: 5s',
        'timeout: 3s',
        'retries: 10',
      ]),
    ]),
  ]
  return { name, volume: name, lines }
}

function isHere({ host }: DeployedRedis): boolean {
  return /^(?:localhost|127\.|::1$|\[::1\]$|redis$|valkey$)/.test(host)
}

function notesOf({ redis, apps }: Deployment): string[] {
  const sockets = apps.filter(({ listen }) => listen.some(({ kind }) => kind === 'unix')).map(({ name }) => name)
  return [
    ...(redis && !isHere(redis) ? [`The store stays at ${redis.host}: compose.yaml has no service for it.`] : []),
    ...(sockets.length > 0
      ? [`The Unix sockets of ${sockets.join(', ')} are inside of the container: mount their folders to reach them.`]
      : []),
  ]
}

function section(name: string, lines: Lines): Lines {
  return lines.length === 0 ? [] : [`${name}:`, ...indent(lines)]
}

function list(name: string, items: Lines): Lines {
  return section(
    name,
    items.map(item => `- ${item}`),
  )
}

function indent(lines: Lines): Lines {
  return lines.map(line => (line === '' ? '' : `  ${line}`))
}

/** JSON is YAML. A dollar would be filled in by Compose. */
function flow(words: readonly string[], escapeText = escapeDollar): string {
  return `[${words.map(word => JSON.stringify(escapeText(word))).join(', ')}]`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function escapeDollar(text: string): string {
  return text.replaceAll('$', '$$$$')
}
