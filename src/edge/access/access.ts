/**
 * Who may come, by address and by password. A request is judged by its canonical path, method and client address.
 *
 * Only the rule with the longest path counts. It is looked for by every reading of the path, and of where a rewrite leads; where
 * several rules are found the request must pass all of them. So it must, too, for the path of a file that answers for another
 * path: the index of a folder, the page of a single-page application, what the application names.
 */
import { readCredentials } from '../../base/basic-credentials.ts'
import { NetworkList } from '../../base/network-list.ts'
import { PasswordChecks } from '../../base/password-checks.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { readingsOf, readingsOfRequest } from '../readings.ts'
import { refuse } from '../refusals/refuse.ts'
import { createRouteTable, type Route } from '../routes.ts'
import type { EdgeServices } from '../services.ts'
import { removeRequestHeader } from './credentials.ts'
import type { AccessRule } from './options.ts'
import { openUsers, type Users } from './users.ts'

interface Gate extends Route {
  readonly rule: AccessRule
  readonly allow: NetworkList | undefined
  readonly deny: NetworkList | undefined
  readonly users: Users | undefined
  readonly challenge: string
}

type Verdict = 'pass' | 'forbidden' | 'unknown' | 'busy'

/** The step for `edge.access`. */
export async function createAccess(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  if (settings.access.length === 0) return undefined
  const gates = await Promise.all(settings.access.map(rule => openGate(rule, services)))
  const table = createRouteTable(gates)
  const checks = new PasswordChecks(() => services.clock.now())
  return {
    name: 'access',
    run: request => {
      const { method, headers } = request.req
      const visit = { request, checks, authorization: headers.authorization }
      const asked = gatesIn(table.find(readingsOfRequest(request), method))
      request.askAccess = servedPath => {
        const served = gatesIn(table.find(readingsOf(servedPath), 'GET'))
        return judge(
          served.filter(gate => !asked.includes(gate)),
          0,
          visit,
        )
      }
      return judge(asked, 0, visit)
    },
  }
}

interface Visit {
  readonly request: EdgeRequest
  readonly checks: PasswordChecks
  /** As the client sent it: the request may have lost it when it is asked for again. */
  readonly authorization: string | undefined
}

function gatesIn(found: ReadonlySet<Gate | undefined>): Gate[] {
  return [...found].filter(gate => gate !== undefined)
}

async function openGate(rule: AccessRule, services: EdgeServices): Promise<Gate> {
  const { path, methods, allow, deny, basic } = rule
  return {
    path,
    methods,
    rule,
    allow: allow && new NetworkList(allow),
    deny: deny && new NetworkList(deny),
    users: basic && (await openUsers(basic, services)),
    challenge: `Basic realm="${basic?.realm ?? ''}", charset="UTF-8"`,
  }
}

function judge(gates: readonly Gate[], start: number, visit: Visit): Outcome | Promise<Outcome> {
  for (let index = start; index < gates.length; index++) {
    const gate = gates[index] as Gate
    const verdict = judgeAt(gate, visit)
    if (verdict instanceof Promise) {
      return verdict.then(settled =>
        settled === 'pass' ? judge(gates, index + 1, visit) : turnAway(gate, settled, visit),
      )
    }
    if (verdict !== 'pass') return turnAway(gate, verdict, visit)
  }
  withhold(gates, visit)
  return 'next'
}

function judgeAt(gate: Gate, visit: Visit): Verdict | Promise<Verdict> {
  const { allow, deny, users, rule } = gate
  const { clientAddress } = visit.request
  const isWelcome = !deny?.has(clientAddress) && (!allow || allow.has(clientAddress))
  if (!users) return isWelcome ? 'pass' : 'forbidden'
  if (rule.satisfy === 'all') return isWelcome ? identify(users, visit) : 'forbidden'
  return isWelcome && (allow || deny) ? 'pass' : identify(users, visit)
}

function identify(users: Users, { checks, authorization }: Visit): Verdict | Promise<Verdict> {
  const credentials = readCredentials(authorization)
  if (!credentials) return 'unknown'
  const result = checks.check(credentials.password, users.find(credentials.name), users.any())
  return result instanceof Promise ? result.then(verdictOf) : verdictOf(result)
}

function verdictOf(result: 'right' | 'wrong' | 'busy'): Verdict {
  return result === 'right' ? 'pass' : result === 'wrong' ? 'unknown' : 'busy'
}

/** A password that was for the edge is not for the application, unless it says so. */
function withhold(gates: readonly Gate[], { request: { req } }: Visit): void {
  if (req.headers.authorization === undefined) return
  if (!gates.some(({ rule }) => rule.basic && !rule.basic.passThrough)) return
  removeRequestHeader(req, 'authorization')
}

function turnAway({ challenge }: Gate, verdict: Exclude<Verdict, 'pass'>, { request: { res } }: Visit): Outcome {
  if (verdict === 'unknown') refuse(res, 401, 'access', { 'WWW-Authenticate': challenge })
  else if (verdict === 'forbidden') refuse(res, 403, 'access')
  else refuse(res, 503, 'access', { 'Retry-After': '1' })
  return 'done'
}
