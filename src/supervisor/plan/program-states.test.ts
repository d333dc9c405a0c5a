import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProgramPlay, programSpecs } from '../../../test/support/program-play.ts'
import { type Act, type Row, type Rules, rows } from '../../../test/support/program-rows.ts'
import type { FleetEvent } from './turn.ts'

const untilMs = 20_000

describe('a program', () => {
  for (const { title, rules, runs, acts, states } of rows) {
    test(title, () => assert.deepEqual(played({ rules, runs, acts }), states))
  }
})

function played({ rules, runs, acts }: Pick<Row, 'rules' | 'runs' | 'acts'>): unknown[] {
  const play = new ProgramPlay((_, nth) => runs[Math.min(nth, runs.length - 1)] ?? assert.fail('no run'))
  play.happen({ type: 'start', specs: programSpecs({ it: sectionOf(rules) }) })
  for (const [index, act] of acts.entries()) {
    play.passTo(act.at * 1_000)
    play.happen(eventOf(act, index))
  }
  play.passTo(untilMs)
  return play.states.map(({ at, to }) => [at / 1_000, to])
}

function sectionOf({ stopSeconds, ...rules }: Rules) {
  return { ...rules, startSeconds: `${rules.startSeconds}s`, stopTimeout: `${stopSeconds}s` }
}

const eventOfAct = { start: 'start-places', stop: 'halt', restart: 'restart' } as const

function eventOf({ does }: Act, ticket: number): FleetEvent {
  return { type: eventOfAct[does], ticket, target: 'it' }
}
