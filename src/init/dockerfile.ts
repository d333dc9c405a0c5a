/** A Dockerfile for a project: packages and build in stages of their own, and an image that holds only what runs. */
import { join } from 'node:path'
import {
  bootSeconds,
  exposedPorts,
  healthCommand,
  healthTimes,
  inContainer,
  keptFolders,
  listenVariables,
  startCommand,
  workFolder,
  writtenFolders,
} from './container.ts'
import { type Deployment, placeOf, requireInside } from './deployment.ts'
import { planIgnoreFile } from './ignore-file.ts'
import { nodeImageOf } from './node-image.ts'
import { hasToken, type PackageManager, packageManagerOf } from './package-manager.ts'
import type { PlannedFile } from './planned-file.ts'
import { isThere, type Project, readIfThere } from './project.ts'
import { staticFolders } from './static-folders.ts'
import { systemPackagesOf } from './system-commands.ts'

/** Files, and what is to be said about them. */
export interface PlannedFiles {
  readonly files: readonly PlannedFile[]
  readonly notes: readonly string[]
}

export interface DockerSource {
  readonly project: Project
  readonly deployment: Deployment
  /** Of this Saola, for a project without a package.json. */
  readonly version: string
}

export function planDocker({ project, deployment, version }: DockerSource): PlannedFiles {
  requireInside(deployment.stateFolder, deployment.folder)
  const manager = packageManagerOf(project)
  const node = nodeImageOf(project)
  const stages = stagesOf(project, manager, version)
  const system = systemPackagesOf(deployment)
  const text = [
    '# syntax=docker/dockerfile:1',
    '# Written by "saola init docker". It is yours: change what does not fit.',
    '',
    `ARG NODE_VERSION=${node.version}`,
    ...stages.before,
    '',
    `FROM node:\${NODE_VERSION}-slim`,
    ...runtimeOf({ deployment, stages, packages: system.packages, comments: system.comments }),
  ]
  return {
    files: [
      { path: 'Dockerfile', text: `${text.join('\n')}\n` },
      planIgnoreFile('.dockerignore', readIfThere(join(project.folder, '.dockerignore')), leftOut(project, deployment)),
    ],
    notes: [
      ...(node.note ? [node.note] : []),
      ...manager.notes,
      ...saolaNotes(project),
      ...preloadNotes(project, deployment),
    ],
  }
}

interface Stages {
  /** Stages that end before the image begins. */
  readonly before: readonly string[]
  /** How their outcome gets into it. */
  readonly copies: readonly string[]
}

function stagesOf(project: Project, manager: PackageManager, version: string): Stages {
  if (!project.package) return { before: [], copies: [`RUN npm install --global saola@^${version}`, 'COPY . .'] }
  return needsAllFiles(project) ? oneStage(project, manager) : threeStages(project, manager)
}

/** Packages are installed before the sources are copied, so that a change of those does not install them again. */
function threeStages(project: Project, manager: PackageManager): Stages {
  const build = buildOf(project, manager)
  return {
    before: [
      '',
      '# All packages, as the lock file names them: also those that only the build needs.',
      `FROM node:\${NODE_VERSION}-slim AS packages`,
      `WORKDIR ${workFolder}`,
      ...(manager.prepare ? [`RUN ${manager.prepare}`] : []),
      `COPY package.json ${manager.files.join(' ')} ./`.replace(/ +/g, ' '),
      installed(manager),
      ...(build ? ['', 'FROM packages AS build', 'COPY . .', `RUN ${build}`, 'RUN rm -rf node_modules'] : []),
      '',
      '# Without those that only the build needs.',
      'FROM packages AS production',
      `RUN ${manager.prune}`,
    ],
    copies: [
      `COPY --from=production ${workFolder}/node_modules ./node_modules`,
      build ? `COPY --from=build ${workFolder} ./` : 'COPY . .',
    ],
  }
}

/** Packages that are a part of the project, or scripts that run when packages are installed, need its files. */
function oneStage(project: Project, manager: PackageManager): Stages {
  const build = buildOf(project, manager)
  return {
    before: [
      '',
      '# All files first: an installation of this project needs more of them than package.json and the lock file.',
      `FROM node:\${NODE_VERSION}-slim AS build`,
      `WORKDIR ${workFolder}`,
      ...(manager.prepare ? [`RUN ${manager.prepare}`] : []),
      'COPY . .',
      installed(manager),
      ...(build ? [`RUN ${build}`] : []),
      '# Without packages that only the build needs.',
      `RUN ${manager.prune}`,
    ],
    copies: [`COPY --from=build ${workFolder} ./`],
  }
}

function installed({ cache, install }: PackageManager): string {
  return `RUN --mount=type=cache,target=${cache} ${install}`
}

function buildOf({ package: found }: Project, { build }: PackageManager): string | undefined {
  return found?.scripts.build === undefined ? undefined : build
}

const lifecycle = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare']

function needsAllFiles({ folder, package: found }: Project): boolean {
  if (!found) return false
  const versions = Object.values({ ...found.dependencies, ...found.devDependencies })
  return (
    found.hasWorkspaces ||
    lifecycle.some(script => found.scripts[script] !== undefined) ||
    versions.some(version => /^(?:file|link|portal|workspace|patch):/.test(version)) ||
    ['pnpm-workspace.yaml', '.yarnrc.yml', 'patches'].some(name => isThere(join(folder, name)))
  )
}

interface Runtime {
  readonly deployment: Deployment
  readonly stages: Stages
  readonly packages: readonly string[]
  readonly comments: readonly string[]
}

function runtimeOf({ deployment, stages, packages, comments }: Runtime): string[] {
  const variables = [
    ['NODE_ENV', 'production'],
    ['PATH', `${workFolder}/node_modules/.bin:$PATH`],
    ...listenVariables(deployment),
  ]
  const filled = staticFolders(deployment).filter(({ kind }) => kind === 'filled')
  const media = filled.map(({ path }) => inContainer(path, deployment))
  const ports = exposedPorts(deployment)
  return [
    '# Process 1 of a container has to reap what others leave behind, and Node reaps only its own children: tini does.',
    ...comments.map(comment => `# ${comment}`),
    'RUN apt-get update \\',
    `  && apt-get install -y --no-install-recommends ${['tini', ...packages].join(' ')} \\`,
    '  && rm -rf /var/lib/apt/lists/*',
    `ENV ${variables.map(([name, value]) => `${name}=${value}`).join(' \\\n    ')}`,
    `WORKDIR ${workFolder}`,
    ...stages.copies,
    '# All else belongs to root: the server writes here and nowhere else.',
    `RUN install -d -o node -g node ${[...writtenFolders(deployment), ...media].map(quoteWord).join(' ')}`,
    'USER node',
    `VOLUME ${JSON.stringify([...keptFolders(deployment), ...media])}`,
    ...(ports.length > 0 ? [`EXPOSE ${ports.join(' ')}`] : []),
    '# Workers answer what they have begun; "docker stop" has to wait for that, by default only 10 s.',
    'STOPSIGNAL SIGTERM',
    `HEALTHCHECK --interval=${healthTimes.intervalSeconds}s --timeout=${healthTimes.timeoutSeconds}s --start-period=${bootSeconds(deployment)}s --retries=${healthTimes.retries} \\`,
    `  CMD ${JSON.stringify(healthCommand(deployment))}`,
    'ENTRYPOINT ["tini", "-s", "--"]',
    `CMD ${JSON.stringify(startCommand(deployment))}`,
  ]
}

function quoteWord(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** What must not be sent to the build, or would be in the image in vain. */
function leftOut({ folder, package: found }: Project, deployment: Deployment): string[] {
  const built = found?.scripts.build === undefined ? [] : ['dist', 'build', '.next', '.output']
  const written = keptFolders(deployment).flatMap(path => {
    const place = placeOf(path, workFolder)
    return place.startsWith('/') ? [] : [place]
  })
  const secrets = ['.env', '.env.*', ...(hasToken(folder) ? ['.npmrc'] : [])]
  const own = ['.git', '**/node_modules', ...secrets, '*.log', 'coverage', ...written, ...built]
  return [...own, 'Dockerfile', '.dockerignore', 'compose.yaml', 'deploy']
}

function saolaNotes({ package: found }: Project): string[] {
  if (!found || 'saola' in found.dependencies) return []
  return [
    'saola is not in the dependencies of package.json, and so would not be in the image: "npm install saola" adds it.',
  ]
}

/** What flags of Node load has to be in the image, too. */
function preloadNotes({ package: found }: Project, { apps }: Deployment): string[] {
  const names = new Set(apps.flatMap(({ preloads }) => preloads))
  return [...names]
    .filter(name => found && name in found.devDependencies)
    .map(name => `${name} is in devDependencies, which the image does not have: move it to dependencies.`)
}
