// What every command of the project needs first: the packages of the lock file, and the build.
// Runs on any Node from 20 on, because on a fresh machine the project's own Node 24 is not there yet.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The project's own Node 24, from its devDependencies. */
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** Node 26, on which a few whole-server tests are repeated. Its folder has packages of its own: see test/node-26. */
export const node26 = join(root, 'test', 'node-26', 'node_modules', '.bin', 'node')

/** The command line of Saola, once it is built. */
export const saola = join(root, 'dist', 'bin.js')

/** Runs one command to its end and ends this process with its code when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (result.error) {
    console.error(`${command} could not be started: ${result.error.message}.`)
    process.exit(1)
  }
  if (result.status !== 0) process.exit(result.status ?? 1)
}

/** Installs the packages of the lock file, unless exactly these are installed already. */
export function install() {
  if (existsSync(node) && isInstalled(root)) return
  console.log('Installing the packages of package-lock.json (once) …')
  // Said aloud, because a machine with NODE_ENV=production would leave out the compiler.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (existsSync(node)) return
  console.error(
    'npm left out the project\'s own Node 24. Allow install scripts for it: "npm ci --ignore-scripts=false".',
  )
  process.exit(1)
}

/** Installs Node 26 where there is one for this platform. Whether it is there is for the caller to look at. */
export function installNode26() {
  const folder = dirname(dirname(dirname(node26)))
  if (existsSync(node26) && isInstalled(folder)) return
  console.log('Installing Node 26 for the tests that run on it (once) …')
  // A download that fails is no failure of npm here, because the packages are optional.
  spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'inherit' })
}

/** Whether the packages in a folder are the ones of its lock file, whoever installed them. */
export function isInstalled(folder) {
  // npm writes this second lock file last, and it names what is really there.
  const installed = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
    if (path === '') return true
    return present[path] ? present[path].version === version : Boolean(optional || peer)
  })
}

const stamp = join(root, 'node_modules', '.saola-built')

/** Compiles src/ to dist/, unless dist/ was made from exactly these sources. */
export function build() {
  if (existsSync(saola) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOfSources()) return
  run(node, [join(root, 'scripts', 'build.mjs')])
}

/** Notes what dist/ was made from. */
export function stampBuild(sources) {
  writeFileSync(stamp, sources)
}

/** What dist/ is made from, as one hash. Contents, not dates: a checkout makes old files new. */
export function hashOfSources() {
  const hash = createHash('sha256')
  const sources = filesUnder('src').filter(path => !path.endsWith('.test.ts'))
  for (const path of [
    ...sources,
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
    'scripts/build.mjs',
    'scripts/build-page.mjs',
  ]) {
    hash.update(`${path}\0`).update(readFileSync(join(root, path)))
  }
  return hash.digest('hex')
}

/** Every file below a folder of the project, sorted, as paths from the project's root with `/`. */
export function filesUnder(folder) {
  const names = readdirSync(join(root, folder), { withFileTypes: true })
  return names
    .filter(entry => entry.name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = `${folder}/${entry.name}`
      return entry.isDirectory() ? filesUnder(path) : [path]
    })
}
