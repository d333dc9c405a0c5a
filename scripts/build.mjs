// Compiles src/ to dist/, from nothing: a file that was renamed must not live on in the package.
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hashOfSources, install, node, root, run, stampBuild } from './setup.mjs'

install()

// Built aside and swapped in at the end: a failed build leaves the old one, and a running tree that starts a worker
// at this moment finds one or the other.
const dist = join(root, 'dist')
const fresh = join(root, 'node_modules', `.dist-${process.pid}`)
const old = `${fresh}-old`

process.on('exit', () => {
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
})
// Taken before: what is edited meanwhile is built next time.
const sources = hashOfSources()
run(node, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh])
// What Redis runs: the compiler leaves it where it is.
const scripts = join('store', 'engines', 'redis', 'scripts')
cpSync(join(root, 'src', scripts), join(fresh, scripts), { recursive: true })
run(node, [join(root, 'scripts', 'build-page.mjs'), join(fresh, 'dashboard', 'page')])
chmodSync(join(fresh, 'bin.js'), 0o755)
if (existsSync(dist)) renameSync(dist, old)
renameSync(fresh, dist)
stampBuild(sources)
