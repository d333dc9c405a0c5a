/**
 * What holds on every engine of the store. One file a structure: a new one gets its file here and its line below, and is
 * then tested wherever the suite runs.
 */
import { describe } from 'node:test'
import { counterConformance } from './counter.ts'
import { errorConformance } from './errors.ts'
import { expiryConformance } from './expiry.ts'
import { keyConformance } from './keys.ts'
import { mapConformance } from './map.ts'
import { mapChangeConformance } from './map-changes.ts'
import { orderConformance } from './order.ts'
import type { OpenEngine } from './setup.ts'
import { topicConformance } from './topics.ts'
import { transactionConformance } from './transactions.ts'
import { valueConformance } from './values.ts'
import { watchConformance } from './watch.ts'

/** Runs the suite on the engine that `open` opens anew for each test. */
export function conformance(name: string, open: OpenEngine): void {
  describe(name, () => {
    describe('values', () => valueConformance(open))
    describe('maps', () => mapConformance(open))
    describe('changes of maps', () => mapChangeConformance(open))
    describe('counters', () => counterConformance(open))
    describe('expiry', () => expiryConformance(open))
    describe('keys', () => keyConformance(open))
    describe('transactions', () => transactionConformance(open))
    describe('topics', () => topicConformance(open))
    describe('watches', () => watchConformance(open))
    describe('the order of calls', () => orderConformance(open))
    describe('errors', () => errorConformance(open))
  })
}
