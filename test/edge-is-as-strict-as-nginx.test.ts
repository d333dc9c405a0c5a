/**
 * The same odd requests to Saola and to Debian's nginx, each before an application that echoes: wherever nginx refuses,
 * Saola refuses; where only one of them does, the reason is in the table, which docs/edge/strictness.md shows to users.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nginxFile, startNginx } from './support/nginx.ts'
import { laxer, oddRequests, stricter } from './support/odd-request-table.ts'
import { exchange, startEcho } from './support/odd-requests.ts'
import { root } from './support/tree.ts'

const skip = nginxFile === undefined && 'there is no nginx here: "apt-get install nginx-light"'

/** An application was asked and has answered, or nobody was. */
type Answer = 'passed' | 'refused'
type Answers = readonly Answer[]

test('500 odd requests are treated as nginx treats them, or more strictly', { skip }, async t => {
  const [tree, nginx] = await Promise.all([startEcho(t), startNginx(t)])
  const rows = oddRequests()
  assert.ok(rows.length >= 500, `There are ${rows.length} requests.`)
  const found = new Set<string>()
  const problems: string[] = []
  for (let index = 0; index < rows.length; index += 50) {
    await Promise.all(
      rows.slice(index, index + 50).map(async ({ name, request, text }) => {
        const [ours, theirs] = await answersOf([tree.url, nginx], text)
        if (ours.length > theirs.length) problems.push(`${name}: ${ours}, nginx ${theirs}`)
        if (ours[0] === theirs[0]) return
        const known = (ours[0] === 'refused' ? stricter : laxer).find(({ matches }) => matches(request))
        if (known) found.add(known.what)
        else problems.push(`${name}: ${ours}, nginx ${theirs}`)
      }),
    )
  }
  assert.deepEqual(problems, [])
  const unused = [...stricter, ...laxer].filter(({ what }) => !found.has(what)).map(({ what }) => what)
  assert.deepEqual(unused, [], 'Differences that are in the table, and are none.')
})

/** Both are given a second to answer, and much more where they differ by then: one may just be slow on a busy machine. */
async function answersOf(urls: readonly [string, string], text: string): Promise<readonly [Answers, Answers]> {
  const ask = (options: object) => Promise.all([answersTo(urls[0], text, options), answersTo(urls[1], text, options)])
  const soon = await ask({ timeoutMs: 1_000 })
  const [ours, theirs] = soon
  if (ours[0] === theirs[0] && ours.length <= theirs.length) return soon
  return ask({ timeoutMs: 10_000, count: Math.max(ours.length, theirs.length) })
}

/** One for each answer that came: to the odd request, and to what somebody saw in its body. */
async function answersTo(url: string, text: string, options: object): Promise<Answers> {
  const { responses } = await exchange(url, text, options)
  const answers = responses.map(({ headers }) =>
    headers.get('content-type') === 'application/json' ? 'passed' : 'refused',
  )
  return answers.length === 0 ? ['refused'] : answers
}

test('the differences are documented as they are', () => {
  const page = readFileSync(join(root, 'docs', 'edge', 'strictness.md'), 'utf8').replace(/ +/g, ' ')
  for (const { what, reason } of [...stricter, ...laxer]) assert.ok(page.includes(`| ${what} | ${reason} |`), what)
})
