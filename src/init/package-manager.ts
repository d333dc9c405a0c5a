/** How the packages of a project are installed: by the lock file that it has. */
import { join } from 'node:path'
import { firstFileIn, isThere, type Project, readIfThere } from './project.ts'

export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn'
  /** What it needs beside package.json, as far as it is there. */
  readonly files: readonly string[]
  /** Makes the command itself available in an image of Node; undefined: it is there. */
  readonly prepare: string | undefined
  /** Exactly what the lock file names. */
  readonly install: string
  /** Takes out what only the build needs. */
  readonly prune: string
  readonly build: string
  /** A folder that keeps downloads from one build of the image to the next. */
  readonly cache: string
  /** What is to be said about it. */
  readonly notes: readonly string[]
}

// In images of Node 24 an old one is there, in those of Node 26 none.
const corepack = 'npm install --global corepack@latest && corepack enable'

const lockFiles = {
  pnpm: ['pnpm-lock.yaml'],
  yarn: ['yarn.lock'],
  npm: ['package-lock.json', 'npm-shrinkwrap.json'],
} as const

export function packageManagerOf(project: Project): PackageManager {
  const { folder } = project
  if (firstFileIn(folder, lockFiles.pnpm)) return pnpm(project)
  if (firstFileIn(folder, lockFiles.yarn)) return yarn(project)
  return npm(project)
}

function npm({ folder, package: found }: Project): PackageManager {
  const lock = firstFileIn(folder, lockFiles.npm)
  const other = firstFileIn(folder, ['bun.lock', 'bun.lockb'])
  const notes = [
    ...(lock || found === undefined
      ? []
      : ['There is no package-lock.json: an image may get other versions than you have.']),
    ...(other ? [`${other} is not used: the image is made with npm.`] : []),
  ]
  return {
    name: 'npm',
    files: [...(lock ? [lock] : []), ...settingsIn(folder)],
    prepare: undefined,
    install: lock ? 'npm ci' : 'npm install',
    prune: 'npm prune --omit=dev',
    build: 'npm run build',
    cache: '/root/.npm',
    notes: [...notes, ...tokenNotes(folder)],
  }
}

function pnpm({ folder, package: found }: Project): PackageManager {
  const isChosen = found?.packageManager?.startsWith('pnpm@') === true
  return {
    name: 'pnpm',
    files: [...lockFiles.pnpm, ...filesIn(folder, ['pnpm-workspace.yaml', '.pnpmfile.cjs']), ...settingsIn(folder)],
    prepare: corepack,
    install: 'pnpm install --frozen-lockfile',
    // It asks before it removes anything, unless nobody is there.
    prune: 'CI=true pnpm prune --prod',
    build: 'pnpm run build',
    cache: '/root/.local/share/pnpm/store',
    notes: [...(isChosen ? [] : [unchosen('pnpm')]), ...tokenNotes(folder)],
  }
}

function yarn({ folder, package: found }: Project): PackageManager {
  const isClassic = /^# yarn lockfile v1/m.test(readIfThere(join(folder, 'yarn.lock')) ?? '')
  if (isClassic) {
    return {
      name: 'yarn',
      files: [...lockFiles.yarn, ...filesIn(folder, ['.yarnrc']), ...settingsIn(folder)],
      prepare: undefined,
      install: 'yarn install --frozen-lockfile',
      prune: 'yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline',
      build: 'yarn run build',
      cache: '/usr/local/share/.cache/yarn',
      notes: tokenNotes(folder),
    }
  }
  const settings = readIfThere(join(folder, '.yarnrc.yml')) ?? ''
  return {
    name: 'yarn',
    files: [...lockFiles.yarn, '.yarnrc.yml'],
    prepare: corepack,
    install: 'yarn install --immutable',
    prune: 'yarn workspaces focus --all --production',
    build: 'yarn run build',
    cache: '/root/.yarn/berry/cache',
    notes: [
      ...(found?.packageManager?.startsWith('yarn@') ? [] : [unchosen('yarn')]),
      ...(/^nodeLinker:\s*["']?node-modules/m.test(settings)
        ? []
        : [
            'Yarn puts packages into archives: set "nodeLinker: node-modules" in .yarnrc.yml, the image copies that folder.',
          ]),
    ],
  }
}

function unchosen(name: string): string {
  return `package.json has no "packageManager": the image would be made with the newest ${name}. Name a version there.`
}

function filesIn(folder: string, names: readonly string[]): string[] {
  return names.filter(name => isThere(join(folder, name)))
}

const secret = /_(?:auth|authToken|password)\s*=/

/** Settings of npm, unless there is a secret among them, which would stay in a layer of the image. */
function settingsIn(folder: string): string[] {
  return hasToken(folder) ? [] : filesIn(folder, ['.npmrc'])
}

/** Has `.npmrc` what must not be in an image? */
export function hasToken(folder: string): boolean {
  return secret.test(readIfThere(join(folder, '.npmrc')) ?? '')
}

function tokenNotes(folder: string): string[] {
  return hasToken(folder)
    ? ['.npmrc holds a token and is not copied: give it to the build as a secret, and mount that at /root/.npmrc.']
    : []
}
