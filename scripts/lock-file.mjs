// Looks whether each package-lock.json knows the packages of every platform, and adds them with `--fix`.
// npm leaves out those that it could not see when it wrote the file, and `npm ci` then refuses it everywhere.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './setup.mjs'

const paths = ['package-lock.json', 'bench/package-lock.json']
const libcs = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }

/**
 * The entries that are missing: path in node_modules → entry.
 *
 * @param {Record<string, { optionalDependencies?: Record<string, string>, dev?: boolean }>} packages of a lock file
 */
export function missingEntries(packages) {
  const missing = {}
  for (const [owner, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (resolveFrom(packages, owner, name)) continue
      if (!/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${owner} wants ${name} ${version}: that is no exact version.`)
      missing[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true }
    }
  }
  return missing
}

/** Where Node would find a package: in the owner's own node_modules, or in one above it. */
function resolveFrom(packages, owner, name) {
  for (let folder = owner; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

/** What a name such as `binding-linux-arm64-musl` says, in the fields by which npm passes a package over. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = words.find(word =>
    /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)$/.test(word),
  )
  const cpu = words.find(word => /^(arm|arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)$/.test(word))
  const libc = words.map(word => libcs[word]).find(Boolean)
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) }
}

function main() {
  for (const path of paths) complete(path)
}

function complete(path) {
  const lock = JSON.parse(readFileSync(join(root, path), 'utf8'))
  const missing = missingEntries(lock.packages)
  const names = Object.keys(missing).map(entry => entry.replace('node_modules/', ''))
  if (names.length === 0) return
  if (!process.argv.includes('--fix')) {
    console.error(`${path} lacks ${names.join(', ')}. Run "node scripts/lock-file.mjs --fix".`)
    process.exitCode = 1
    return
  }
  const { '': project, ...others } = { ...lock.packages, ...missing }
  const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = { '': project, ...Object.fromEntries(sorted) }
  writeFileSync(join(root, path), `${JSON.stringify(lock, undefined, 2)}\n`)
  console.log(`Added to ${path}: ${names.join(', ')}.`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
