#!/usr/bin/env node
// The first file that runs, on whatever Node there is: it must not import anything that an old one cannot read.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `saola: Node.js 24.15 or newer is needed, this is ${process.versions.node}. ` +
      'Run "npm i -D node@24" to give this project its own; npm scripts and npx then use it.   [ERR_NODE_TOO_OLD]\n',
  )
  process.exitCode = 1
} else {
  // Before all else, so that it boots meanwhile: see supervisor/early-child.ts.
  const early = process.argv[2] === 'start' ? await import('./processes/early-worker.ts') : undefined
  early?.startEarlyWorker()
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const { main } = await import('./cli/main.ts')
  await main(process.argv)
  await early?.endEarlyWorker()
  // A start that has failed must not be kept by what it had begun: a log that cannot be written, a watched folder.
  if (process.argv[2] === 'start' || process.argv[2] === 'dev') process.exit()
}
