/** Which file of a project is the application: what its scripts start, what it calls its main file, or a usual name. */
import { join, normalize } from 'node:path'
import { hasPackage, isFile, type Project, readIfThere } from './project.ts'
import { startedBy } from './start-script.ts'

export interface Entry {
  /** From the project's folder: `./src/server.ts`. */
  readonly file: string
  /** How it was found: `scripts.start`. */
  readonly because: string
  /** Flags of Node that it needs. */
  readonly node: readonly string[]
  /** What its script gives it, where it does: a configuration has no place for that. */
  readonly args?: readonly string[]
  /** It is made by `npm run build`; it may not be there yet. */
  readonly isBuilt: boolean
  /** What a built one is made of, where Node can run that as it is: for `saola dev`. */
  readonly source?: { readonly file: string; readonly node: readonly string[] }
}

/** Those that say what runs in production come first. */
const scriptNames = ['start:prod', 'start', 'serve', 'dev'] as const

const folders = ['src/', '', 'server/', 'app/']
const names = ['server', 'main', 'index', 'app']
const endings = ['.ts', '.mts', '.js', '.mjs', '.cjs']

/** Where frameworks with a command of their own put the server that they build. */
const builtServers = [
  {
    packageName: 'next',
    file: './.next/standalone/server.js',
    because: "Next.js builds it, with output: 'standalone'",
  },
] as const

/** The application of a project, or undefined when nothing tells. */
export function findEntry(project: Project): Entry | undefined {
  return entryOfScripts(project) ?? entryOfFramework(project) ?? entryOfMain(project) ?? entryByName(project)
}

function entryOfScripts(project: Project): Entry | undefined {
  for (const name of scriptNames) {
    const started = startedBy(project.package?.scripts[name] ?? '')
    const because = `scripts.${name}`
    if (!started) continue
    const file = started.file === '.' ? project.package?.main : started.file
    const present = file === undefined ? undefined : resolveFile(project, file)
    const flags = { because, node: started.node, ...(started.args.length > 0 && { args: started.args }) }
    if (present !== undefined) return withSource(project, { file: present, ...flags })
    if (file !== undefined && isMadeByBuild(project, file))
      return withSource(project, { file: asBuilt(file), ...flags })
  }
  return undefined
}

function entryOfFramework(project: Project): Entry | undefined {
  const found = builtServers.find(({ packageName }) => hasPackage(project, packageName))
  return found && { file: found.file, because: found.because, node: [], isBuilt: true }
}

function entryOfMain(project: Project): Entry | undefined {
  const main = project.package?.main
  const file = main === undefined ? undefined : resolveFile(project, main)
  return file === undefined ? undefined : withSource(project, { file, because: 'main of package.json', node: [] })
}

function entryByName(project: Project): Entry | undefined {
  const paths = folders.flatMap(folder => names.flatMap(name => endings.map(ending => `${folder}${name}${ending}`)))
  const found = paths.find(path => isFile(join(project.folder, path)))
  return found === undefined ? undefined : { file: `./${found}`, because: 'its name', node: [], isBuilt: false }
}

/** As `node FILE` finds it: endings may be missing, and a folder has an index. */
function resolveFile({ folder }: Project, file: string): string | undefined {
  const candidates = [file, ...endings.map(ending => file + ending), join(file, 'index.js')]
  const found = candidates.find(candidate => isFile(join(folder, candidate)))
  return found === undefined ? undefined : `./${normalize(found)}`
}

const buildFolder = /^(?:\.\/)?(?:dist|build|out|lib|\.output)\//

function isMadeByBuild(project: Project, file: string): boolean {
  return project.package?.scripts.build !== undefined && buildFolder.test(normalize(file))
}

function asBuilt(file: string): string {
  return `./${normalize(/\.[cm]?js$/.test(file) ? file : `${file}.js`)}`
}

function withSource(project: Project, entry: Omit<Entry, 'isBuilt' | 'source'>): Entry {
  if (!isMadeByBuild(project, entry.file)) return { ...entry, isBuilt: false }
  const source = sourceOf(project, entry.file)
  return { ...entry, isBuilt: true, ...(source ? { source } : {}) }
}

function sourceOf(project: Project, built: string): Entry['source'] {
  const started = startedBy(project.package?.scripts.dev ?? '')
  const ofScript = started && resolveFile(project, started.file)
  const named = built.replace(/^\.\/[^/]+\//, 'src/').replace(/\.([cm]?)js$/, '.$1ts')
  const file = ofScript !== undefined && ofScript !== built ? ofScript : resolveFile(project, named)
  if (file === undefined || !canRunAsItIs(project)) return undefined
  // Where the project has it, it may need it: for imports without an ending, say, which Node itself does not find.
  const needsTsx = /ts$/.test(file) && hasPackage(project, 'tsx')
  return { file, node: started?.node.length ? started.node : needsTsx ? ['--import', 'tsx'] : [] }
}

/** Decorators are no types that could be taken off: their output is needed. */
function canRunAsItIs(project: Project): boolean {
  const options = readIfThere(join(project.folder, 'tsconfig.json')) ?? ''
  return (
    !hasPackage(project, '@nestjs/core') &&
    !/"(?:emitDecoratorMetadata|experimentalDecorators)"\s*:\s*true/.test(options)
  )
}
