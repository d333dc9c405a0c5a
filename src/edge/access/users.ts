import { messageOf, ServerError } from '../../base/errors.ts'
import type { User } from '../../base/password-checks.ts'
import { parsePasswordHash } from '../../base/password-hash.ts'
import type { EdgeServices } from '../services.ts'
import { checkFile, WatchedFile } from '../watched-file.ts'
import type { BasicSettings } from './options.ts'

export interface Users {
  find(name: string): User | undefined
  /** One of them, whichever: how much work a check of them is. */
  any(): User | undefined
}

const fileForm = { bytesMax: 1024 ** 2, parse: parseUsers }

/**
 * The users of a rule. Those of a file, `name:hash` in each line, are read again when it has changed.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when the file cannot be read, or has something else in it.
 */
export async function openUsers(
  { users = {}, file }: BasicSettings,
  { clock, log }: Pick<EdgeServices, 'clock' | 'log'>,
): Promise<Users> {
  const named = new Map(Object.entries(users).map(([name, text]) => [name, userOf(text)]))
  if (file === undefined) return { find: name => named.get(name), any: () => named.values().next().value }
  try {
    const watched = await WatchedFile.open(file, { ...fileForm, clock, log })
    return {
      find: name => named.get(name) ?? watched.value.get(name),
      any: () => named.values().next().value ?? watched.value.values().next().value,
    }
  } catch (cause) {
    const message = `edge.access: the users of ${file} cannot be read (${messageOf(cause)}).`
    throw new ServerError('ERR_CONFIG_INVALID', message, { cause })
  }
}

/** @throws {Error} why a file of users cannot be used. */
export function checkUsersFile(file: string): Promise<void> {
  return checkFile(file, fileForm)
}

function parseUsers(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    if (colon < 1) throw new Error(`line ${index + 1}: expected name:hash`)
    try {
      users.set(line.slice(0, colon), userOf(line.slice(colon + 1)))
    } catch (error) {
      throw new Error(`line ${index + 1}: ${messageOf(error)}`)
    }
  }
  return users
}

function userOf(text: string): User {
  return { text, hash: parsePasswordHash(text) }
}
