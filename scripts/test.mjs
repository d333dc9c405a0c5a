// `npm test`: installs and builds what is missing, then runs every test in one run of node:test, so that the counts
// at its end are of everything.
//
//   npm test                                    all
//   npm test -- reload                          the files whose path contains "reload"
//   npm test -- clients --test-name-pattern=ws  what begins with a dash goes to node --test
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { build, filesUnder, install, installNode26, node, node26, root } from './setup.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** A single test that has not ended by then has failed. */
const testTimeoutMs = 300_000

// Each whole-server test brings a tree and its clients: more files at once than cores would measure the machine.
const concurrency = Math.max(2, Math.floor(availableParallelism() / 2))

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

function runTests() {
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${testTimeoutMs}`]
  const result = spawnSync(node, ['--test', ...limits, ...options, ...files], { cwd: root, stdio: 'inherit' })
  return result.status ?? 1
}
