/** Commands of the tree that an image of Node does not have. */
import { basename, join } from 'node:path'
import type { DeployedCommand, Deployment } from './deployment.ts'
import { isThere } from './project.ts'

/** The package of Debian that a command is in. */
const debianPackages: Readonly<Record<string, string>> = {
  'redis-server': 'redis-server',
  'redis-sentinel': 'redis-sentinel',
  memcached: 'memcached',
  nginx: 'nginx-light',
  gunicorn: 'gunicorn',
  uvicorn: 'uvicorn',
  celery: 'celery',
  python3: 'python3',
  ruby: 'ruby',
  php: 'php-cli',
  curl: 'curl',
}

/** In each image of Node. */
const present = new Set(['node', 'npm', 'npx', 'corepack', 'saola', 'sh', 'bash', 'env', 'true', 'sleep', 'perl'])

export interface SystemPackages {
  readonly packages: readonly string[]
  /** For commands that nobody here knows the package of. */
  readonly comments: readonly string[]
}

export function systemPackagesOf({ commands, folder }: Deployment): SystemPackages {
  const missing = commands.filter(({ command }) => !isPresent(command, folder))
  const packageOf = ({ command }: DeployedCommand) => debianPackages[basename(command)]
  return {
    packages: [...new Set(missing.flatMap(command => packageOf(command) ?? []))].sort(),
    comments: missing
      .filter(command => packageOf(command) === undefined)
      .map(({ where, command }) => `${where} runs ${JSON.stringify(command)}: add the package that it is in.`),
  }
}

function isPresent(command: string, folder: string): boolean {
  if (present.has(command) || command.startsWith('.')) return true
  if (command.includes('/')) return !command.startsWith('/') || command.startsWith(`${folder}/`)
  return isThere(join(folder, 'node_modules', '.bin', command))
}
