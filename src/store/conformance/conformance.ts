/**
 * What holds on every engine of the store. One file a structure: a new one gets its file here and its line below, and is
 * then tested wherever the suite runs.
 */
import { describe } from 'node:test'
import { cacheConformance } from './cache.ts'
import { cacheComputeConformance } from './cache-compute.ts'
import { cacheLimitConformance } from './cache-limits.ts'
import { changeConformance } from './changes.ts'
import { counterConformance } from './counter.ts'
import { errorConformance } from './errors.ts'
import { expiryConformance } from './expiry.ts'
import { givenConformance } from './given.ts'
import { givenOptionConformance } from './given-options.ts'
import { keyConformance } from './keys.ts'
import { listConformance } from './list.ts'
import { listModelConformance } from './list-model.ts'
import { listTakeConformance } from './list-take.ts'
import { lockConformance } from './lock.ts'
import { lockWaitingConformance } from './lock-waiting.ts'
import { mapConformance } from './map.ts'
import { mapChangeConformance } from './map-changes.ts'
import { orderConformance } from './order.ts'
import { rateLimitConformance } from './rate-limit.ts'
import { setConformance } from './set.ts'
import type { OpenEngine } from './setup.ts'
import { sortedSetConformance } from './sorted-set.ts'
import { sortedSetRangeConformance } from './sorted-set-ranges.ts'
import { storeTransactionConformance } from './store-transactions.ts'
import { subscriptionConformance } from './subscriptions.ts'
import { topicConformance } from './topics.ts'
import { transactionConformance } from './transactions.ts'
import { valueConformance } from './values.ts'
import { valueInStructureConformance } from './values-in-structures.ts'
import { watchConformance } from './watch.ts'

// Whatever waits for ever is named, and a busy machine is no reason to end all others.
const timeout = 600_000

/** Runs the suite on the engine that `open` opens anew for each test. */
export function conformance(name: string, open: OpenEngine): void {
  describe(name, { timeout }, () => {
    describe('values', () => valueConformance(open))
    describe('values in structures', () => valueInStructureConformance(open))
    describe('maps', () => mapConformance(open))
    describe('changes of maps', () => mapChangeConformance(open))
    describe('lists', () => listConformance(open))
    describe('lists beside arrays', () => listModelConformance(open))
    describe('sets', () => setConformance(open))
    describe('sorted sets', () => sortedSetConformance(open))
    describe('ranges of sorted sets', () => sortedSetRangeConformance(open))
    describe('keys', () => keyConformance(open))
    describe('transactions', () => transactionConformance(open))
    describe('transactions of structures', () => storeTransactionConformance(open))
    describe('topics', () => topicConformance(open))
    describe('subscriptions', () => subscriptionConformance(open))
    describe('changes', () => changeConformance(open))
    describe('the order of calls', () => orderConformance(open))
    describe('errors', () => errorConformance(open))
    describe('what is given', () => givenConformance(open))
    describe('options that are given', () => givenOptionConformance(open))
    describeTime(open)
  })
}

/**
 * The part of the suite that is about time: for an engine on another clock than that on which it has passed the whole. Lists beside
 * arrays let time pass, too, in which nothing happens.
 */
export function timeConformance(name: string, open: OpenEngine): void {
  describe(name, { timeout }, () => describeTime(open))
}

function describeTime(open: OpenEngine): void {
  describe('counters', () => counterConformance(open))
  describe('taking from lists', () => listTakeConformance(open))
  describe('locks', () => lockConformance(open))
  describe('waiting for locks', () => lockWaitingConformance(open))
  describe('caches', () => cacheConformance(open))
  describe('what caches compute', () => cacheComputeConformance(open))
  describe('limits of caches', () => cacheLimitConformance(open))
  describe('rate limits', () => rateLimitConformance(open))
  describe('expiry', () => expiryConformance(open))
  describe('watches', () => watchConformance(open))
}
