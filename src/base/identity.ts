/** Users and groups by name, for workers that must not run as root. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ServerError } from './errors.ts'

export interface Identity {
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** What the environment of such a process says: HOME, USER, LOGNAME. */
  readonly env: Readonly<Record<string, string>>
}

/** As this process runs. */
export const nobodyInParticular: Identity = { uid: undefined, gid: undefined, env: {} }

/**
 * Looks a user and a group up; the group of the user when none is given. Only root can become somebody else: for anyone
 * else this is nobody in particular, and the configuration has warned of it.
 *
 * @throws {ServerError} ERR_USER_UNKNOWN when this machine has no such user or group.
 */
export function identityOf(user: string | undefined, group: string | undefined): Identity {
  if ((user === undefined && group === undefined) || process.getuid?.() !== 0) return nobodyInParticular
  const account = user === undefined ? undefined : accountOf(user)
  const gid = group === undefined ? account?.gid : groupIdOf(group)
  const env: Record<string, string> = account ? { HOME: account.home, USER: account.name, LOGNAME: account.name } : {}
  return { uid: account?.uid, gid, env }
}

function accountOf(user: string): { name: string; uid: number; gid: number; home: string } {
  const [name, , uid, gid, , home] = entryOf('passwd', user) ?? []
  if (name === undefined || home === undefined) throw unknown('user', user)
  return { name, uid: Number(uid), gid: Number(gid), home }
}

function groupIdOf(group: string): number {
  const gid = entryOf('group', group)?.[2]
  if (gid === undefined) throw unknown('group', group)
  return Number(gid)
}

/** The names in the files of this machine, to guess what was meant. */
export function namesOfAccounts(table: 'passwd' | 'group'): string[] {
  return entriesOf(table).flatMap(([name]) => name || [])
}

/** The fields of an entry, by name or number: from the file, else from whatever else the machine asks (LDAP, say). */
function entryOf(table: 'passwd' | 'group', key: string): string[] | undefined {
  const found = entriesOf(table).find(fields => fields[0] === key || fields[2] === key)
  if (found) return found
  const result = spawnSync('getent', [table, key], { encoding: 'utf8', timeout: 5_000 })
  return result.status === 0 ? result.stdout.trim().split(':') : undefined
}

function entriesOf(table: 'passwd' | 'group'): string[][] {
  return readFileSync(`/etc/${table}`, 'utf8')
    .split('\n')
    .map(line => line.split(':'))
}

function unknown(kind: 'user' | 'group', name: string): ServerError {
  return new ServerError('ERR_USER_UNKNOWN', `The ${kind} ${JSON.stringify(name)} does not exist on this machine.`)
}
