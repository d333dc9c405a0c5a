// `npm run check`: everything that can be said about the code without running it. Needs no network.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { install, node, root } from './setup.mjs'

const reference = 'scripts/reference.mjs'

/** What is checked, in this order, each by one command or more. */
const checks = {
  'format and lint': [tool('biome', 'check', '--error-on-warnings', '.')],
  types: ['tsconfig.json', 'tsconfig.page.json', 'tsconfig.page-tests.json'].map(file =>
    tool('tsc', '--project', file),
  ),
  architecture: [['--test', 'test/architecture.test.ts']],
  'dead code': [tool('knip')],
  package: [['scripts/build.mjs'], tool('publint', '--strict'), tool('attw', '--pack', '.', '--profile', 'esm-only')],
  reference: existsSync(join(root, reference)) ? [[reference, '--check']] : [],
}

// npm packs the package for two of the tools, and must not look for anything outside for that.
const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' }

install()
const failed = Object.entries(checks).filter(([name, commands]) => commands.length > 0 && !passes(name, commands))
process.exit(failed.length === 0 ? 0 : 1)

function tool(name, ...args) {
  return [join(root, 'node_modules', '.bin', name), ...args]
}

/** Runs the commands of one check, prints a line about it, and what they said when one of them failed. */
function passes(name, commands) {
  const startMs = performance.now()
  const failure = commands.map(args => spawnSync(node, args, { cwd: root, env, encoding: 'utf8' })).find(isFailure)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  console.log(`${failure ? 'FAIL' : 'ok  '}  ${name.padEnd(16)} ${seconds.padStart(5)} s`)
  if (failure) console.log(`${failure.stdout}${failure.stderr}`)
  return !failure
}

function isFailure(result) {
  return result.status !== 0
}
