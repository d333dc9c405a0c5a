import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The longest path of a Unix socket that every system takes, in bytes: Linux has room for 107, macOS for 103.
 * Above it the system cuts the path off or refuses it, so that nobody finds the socket again.
 */
export const socketPathBytesMax = 100

/** Where a tree keeps what it needs while it runs: beside its configuration, so that a command finds it there. */
export function stateFolderOf(folder: string, name: string): string {
  return join(folder, '.saola', name)
}

/** The control socket of a tree: see socketInFolder. */
export function controlSocketOf(stateFolder: string, env: NodeJS.ProcessEnv): string {
  return socketInFolder(stateFolder, 'control.sock', env)
}

/**
 * A Unix socket of this name in a folder, or, where that path is too long for a socket, under a short name made of it
 * in the user's own runtime folder. Whoever creates the folder there must give it mode 0700.
 */
export function socketInFolder(folder: string, name: string, env: NodeJS.ProcessEnv): string {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path
  const shortName = `${fingerprint(path)}.sock`
  const candidates = [
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'saola', shortName)] : []),
    join(tmpdir(), `saola-${process.getuid?.() ?? 0}`, shortName),
  ]
  const short = candidates.find(candidate => Buffer.byteLength(candidate) <= socketPathBytesMax)
  return short ?? join('/tmp', `saola-${process.getuid?.() ?? 0}`, shortName)
}

/** 64 bits of FNV-1a as hex: enough to tell folders apart, and node:crypto need not be loaded at every start. */
export function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}
