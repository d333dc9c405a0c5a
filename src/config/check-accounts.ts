import { type Identity, identityOf, namesOfAccounts, nobodyInParticular } from '../base/identity.ts'
import { suggest } from '../base/suggest.ts'

interface Account {
  readonly user: string | undefined
  readonly group: string | undefined
}

/** Looks users and groups up, each once: many programs have the same, and a machine may have to ask another one for it. */
export class Accounts {
  readonly #known = new Map<string, Identity | undefined>()

  /** What is wrong with a user and a group, a line each. */
  check(where: string, { user, group }: Account): string[] {
    return [
      ...(user === undefined || this.#find(user, undefined) ? [] : [describe(`${where}.user`, 'user', user)]),
      ...(group === undefined || this.#find(undefined, group) ? [] : [describe(`${where}.group`, 'group', group)]),
    ]
  }

  /** Who it will run as; as we do, when there is no such user. */
  identityOf({ user, group }: Account): Identity {
    return this.#find(user, group) ?? nobodyInParticular
  }

  #find(user: string | undefined, group: string | undefined): Identity | undefined {
    const key = JSON.stringify([user, group])
    if (!this.#known.has(key)) this.#known.set(key, find(user, group))
    return this.#known.get(key)
  }
}

function find(user: string | undefined, group: string | undefined): Identity | undefined {
  try {
    return identityOf(user, group)
  } catch {
    // ERR_USER_UNKNOWN: it is said where the setting stands.
    return undefined
  }
}

function describe(where: string, kind: 'user' | 'group', name: string): string {
  const meant = suggest(name, namesOfAccounts(kind === 'user' ? 'passwd' : 'group'))
  return `${where} expected a ${kind} of this machine, got ${JSON.stringify(name)}${meant ? `, did you mean ${meant}?` : '.'}`
}
