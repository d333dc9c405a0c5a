import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePriorities, type Ordered } from './priorities.ts'

const of = (own?: number, group?: number): Ordered => ({ own, group })

test('the programs keep their own numbers where those say the order', () => {
  assert.deepEqual(choosePriorities([of(5), of(10), of()]), [5, 10, undefined])
  assert.deepEqual(choosePriorities([of(), of(), of(999)]), [undefined, undefined, undefined])
  assert.deepEqual(choosePriorities([of(998, 100), of(undefined, 100)]), [998, undefined])
})

test('they get those of their groups where these say it', () => {
  assert.deepEqual(choosePriorities([of(undefined, 20), of(undefined, 10), of(15)]), [20, 10, 15])
})

test('else they get new ones in the order in which supervisord starts them', () => {
  // A group comes before its programs: the one of group 10 is first, whatever it says itself.
  assert.deepEqual(choosePriorities([of(1, 20), of(900, 10), of(2, 20), of(5)]), [30, 20, 40, 10])
  // Below and above what Saola has.
  assert.deepEqual(choosePriorities([of(-1), of(20_000)]), [10, 20])
})
