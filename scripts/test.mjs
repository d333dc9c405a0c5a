// `npm test`: installs and builds what is missing, then runs every test in one run of node:test, so that the counts
// at its end are of everything.
//
//   npm test                                    all
//   npm test -- reload                          the files whose path contains "reload"
//   npm test -- clients --test-name-pattern=ws  what begins with a dash goes to node --test
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, filesUnder, install, installNode26, node, node26, root } from './setup.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { dealToProcesses } from './test-processes.mjs'

/** A single test that has not ended by then has failed. */
const testTimeoutMs = 300_000

// A whole-server test waits more than half of its time, for processes, the disk and deadlines: three at once left two cores idle for
// 40 % of a run, five for 25 %. Seven took no less time, and made more tests wait for the machine.
const concurrency = Math.max(5, Math.floor(availableParallelism() / 2))

const isCi = process.env.CI === 'true'
const options = process.argv.slice(2).filter(argument => argument.startsWith('-'))
const patterns = process.argv.slice(2).filter(argument => !argument.startsWith('-'))

const files = [...filesUnder('src'), ...filesUnder('test')]
  .filter(path => path.endsWith('.test.ts'))
  .filter(path => patterns.length === 0 || patterns.some(pattern => path.includes(pattern)))

if (files.length === 0) {
  console.error(`No test file has ${patterns.join(' or ')} in its path.`)
  process.exit(1)
}
install()
build()
if (!isEnvironmentComplete() && isCi) {
  console.error('With CI=true a test that cannot run is a failure.')
  process.exit(1)
}
process.exit(runTests())

function isEnvironmentComplete() {
  const missing = ensureSystemPackages(files)
  if (files.some(path => path.includes('node-26'))) {
    installNode26()
    if (!existsSync(node26)) {
      console.error(`There is no Node 26 for ${process.platform} ${process.arch} here: the tests on it are left out.`)
      missing.push('node 26')
    }
  }
  return missing.length === 0
}

/** A process that is still ending may write its compiled code into it. */
function removeFolder(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  } catch {
    // What is left is in the folder of temporary files, and harms nobody.
  }
}

function runTests() {
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${testTimeoutMs}`]
  const folder = mkdtempSync(join(tmpdir(), 'saola-tests-'))
  process.on('exit', () => removeFolder(folder))
  // Processes of tests, and trees, load the same code: it is compiled once a run.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const processes = dealToProcesses(files, folder)
  const result = spawnSync(node, ['--test', ...limits, ...options, ...processes], { cwd: root, env, stdio: 'inherit' })
  return result.status ?? 1
}
