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

// All that both have open, and all that they have not closed yet, are fewer than the 512 connections of nginx.
const atOnce = 50

/** An application was asked and has answered, or nobody was. */
type Answer = 'passed' | 'refused'
type Answers = readonly Answer[]

test('500 odd requests are treated as nginx treats them, or more strictly', { skip }, async t => {
  const [tree, nginx] = await Promise.all([startEcho(t), startNginx(t)])
  const rows = oddRequests()
  assert.ok(rows.length >= 500, `There are ${rows.length} requests.`)
  const found = new Set<string>()
  const problems: string[] = []
  for (let index = 0; index < rows.length; index += atOnce) {
    await Promise.all(
      rows.slice(index, index + atOnce).map(async ({ name, request, text }) => {
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

/** Both are given a second to answer, and longer where they differ by then, or one says nothing: it may just be slow on a busy machine. */
async function answersOf(urls: readonly [string, string], text: string): Promise<readonly [Answers, Answers]> {
  const ask = (options: object) => Promise.all([answersTo(urls[0], text, options), answersTo(urls[1], text, options)])
  const [ours, theirs] = await ask({ timeoutMs: 1_000 })
  const isSilent = ours.length === 0 || theirs.length === 0
  if (!isSilent && ours[0] === theirs[0] && ours.length <= theirs.length) return [ours, theirs]
  const count = Math.max(1, ours.length, theirs.length)
  const isDifferent = ours[0] === 'passed' || theirs[0] === 'passed'
  const [longer, theirsLonger] = await ask({ timeoutMs: isDifferent ? 10_000 : 2_000, count })
  return [orRefused(longer), orRefused(theirsLonger)]
}

/** Who waits for the rest of a request asks nobody. */
function orRefused(answers: Answers): Answers {
  return answers.length === 0 ? ['refused'] : answers
}

/** One for each answer that came: to the odd request, and to what somebody saw in its body. */
async function answersTo(url: string, text: string, options: object): Promise<Answers> {
  const { responses, isClosed } = await exchange(url, text, options)
  if (responses.length === 0 && isClosed) return ['refused']
  return responses.map(({ headers }) => (headers.get('content-type') === 'application/json' ? 'passed' : 'refused'))
}

test('the differences are documented as they are', () => {
  const page = readFileSync(join(root, 'docs', 'edge', 'strictness.md'), 'utf8').replace(/ +/g, ' ')
  for (const { what, reason } of [...stricter, ...laxer]) assert.ok(page.includes(`| ${what} | ${reason} |`), what)
})
