// Bundles the page of the dashboard (src/dashboard/page) into a folder: `node scripts/build-page.mjs FOLDER`.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { root } from './setup.mjs'

const folder = process.argv[2]

await build({
  root: join(root, 'src', 'dashboard', 'page'),
  configFile: false,
  logLevel: 'warn',
  // The page is wherever somebody has put it behind a proxy.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: folder,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
  },
})

// Compressed once, here, and not by each server that serves it.
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name)
  if (!statSync(path).isFile() || !/\.(?:html|js|css|svg)$/.test(name)) continue
  const bytes = readFileSync(path)
  const gzipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION })
  if (gzipped.length < bytes.length) writeFileSync(`${path}.gz`, gzipped)
}
