/**
 * What holds for the commands of the task engine on every engine of the store. One file a subject: a new one gets its file here
 * and its line below, and is then tested wherever the suite runs.
 */
import { describe } from 'node:test'
import { cancelConformance } from './cancel.ts'
import { errorConformance } from './errors.ts'
import { expiryConformance } from './expiry.ts'
import { gatherConformance } from './gather.ts'
import { interruptionConformance } from './interruptions.ts'
import { lastChanceConformance } from './last-chance.ts'
import { limitConformance } from './limits.ts'
import { listConformance } from './list.ts'
import { modelConformance } from './model.ts'
import { operatorConformance } from './operators.ts'
import { orderConformance } from './order.ts'
import { rateConformance } from './rates.ts'
import { scheduleConformance } from './schedules.ts'
import type { OpenEngine } from './setup.ts'
import { stateConformance } from './states.ts'
import { uniqueConformance } from './unique.ts'
import { waitConformance } from './waiting.ts'

/** Runs the suite on the engine that `open` opens anew for each test. */
export function taskConformance(name: string, open: OpenEngine): void {
  // Whatever waits for ever is named.
  describe(`tasks: ${name}`, { timeout: 240_000 }, () => {
    describe('states', () => stateConformance(open))
    describe('the order of jobs', () => orderConformance(open))
    describe('interruptions', () => interruptionConformance(open))
    describe('the last chance of a job', () => lastChanceConformance(open))
    describe('unique jobs', () => uniqueConformance(open))
    describe('limits of keys', () => limitConformance(open))
    describe('rates of keys', () => rateConformance(open))
    describe('gathering', () => gatherConformance(open))
    describe('cancelling', () => cancelConformance(open))
    describe('expiry and retention', () => expiryConformance(open))
    describe('waiting', () => waitConformance(open))
    describe('operators', () => operatorConformance(open))
    describe('lists', () => listConformance(open))
    describe('schedules', () => scheduleConformance(open))
    describe('errors', () => errorConformance(open))
    describe('beside a model', () => modelConformance(open))
  })
}
