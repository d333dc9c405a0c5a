import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewJob } from '../job.ts'
import { done, enter, newJob, type OpenEngine, openTasks, take, takeOne } from './setup.ts'

function template(own: Partial<NewJob> = {}): Omit<NewJob, 'id'> {
  const { id: _, ...job } = newJob(own)
  return job
}

export function scheduleConformance(open: OpenEngine): void {
  test('a schedule is new, the same, or changed; its next time stays what it was if it is the same', async t => {
    const { tasks } = await openTasks(open, t)
    const { now, schedules } = await tasks.schedules()
    assert.deepEqual(schedules, [])
    assert.ok(now > 1_600_000_000_000)
    const job = template()
    const schedule = { name: 'digest', spec: '{"cron":"* * * * *"}', job, next: now + 1000 }
    assert.equal(await tasks.schedule(schedule), 'new')
    assert.equal(await tasks.schedule({ ...schedule, next: now + 5000 }), 'same')
    assert.equal((await tasks.schedules()).schedules[0]?.next, now + 1000)
    assert.equal(await tasks.schedule({ ...schedule, spec: '{}', next: now + 6000 }), 'changed')
    assert.equal(
      await tasks.schedule({ ...schedule, spec: '{}', job: template({ payload: '2' }), next: now + 7000 }),
      'changed',
    )
    const [kept] = (await tasks.schedules()).schedules
    assert.deepEqual([kept?.name, kept?.spec, kept?.next, kept?.job.payload], ['digest', '{}', now + 7000, '2'])
    assert.equal(await tasks.unschedule('digest'), true)
    assert.equal(await tasks.unschedule('digest'), false)
    assert.deepEqual((await tasks.schedules()).schedules, [])
  })

  test('a slot fires once, whoever is first', async t => {
    const { tasks, other } = await openTasks(open, t)
    const { now } = await tasks.schedules()
    await tasks.schedule({ name: 's', spec: '1', job: template(), next: now })
    const second = other()
    const fire = (engine: typeof tasks) =>
      engine.fire('s', now, { next: now + 1000, jobs: [newJob()], mayOverlap: true })
    const answers = await Promise.all([fire(tasks), fire(second), fire(tasks), fire(second)])
    assert.deepEqual(answers.toSorted(), ['fired', 'late', 'late', 'late'])
    const [schedule] = (await tasks.schedules()).schedules
    assert.deepEqual([schedule?.next, schedule?.last], [now + 1000, now])
    await enter(tasks)
    const jobs = await take(tasks, { free: 10 })
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [schedule?.lastJob],
    )
    assert.equal(await tasks.fire('nobody', now, { next: now, jobs: [newJob()], mayOverlap: true }), 'late')
  })

  test('a slot is skipped while the job of the one before goes on, if it may not overlap', async t => {
    const { tasks } = await openTasks(open, t)
    const { now } = await tasks.schedules()
    await tasks.schedule({ name: 's', spec: '1', job: template(), next: now })
    const fire = (slot: number, mayOverlap = false) =>
      tasks.fire('s', slot, { next: slot + 1, jobs: [newJob()], mayOverlap })
    assert.equal(await fire(now), 'fired')
    assert.equal(await fire(now + 1), 'skipped')
    assert.equal(await fire(now + 1), 'late')
    assert.equal(await fire(now + 2, true), 'fired')
    await enter(tasks)
    const jobs = await take(tasks, { free: 10 })
    assert.equal(jobs.length, 2)
    assert.equal(await fire(now + 3), 'skipped')
    for (const job of jobs) await done(tasks, job)
    assert.equal(await fire(now + 4), 'fired')
    await takeOne(tasks)
  })

  test('a slot that is given up takes no jobs, and leaves the job before as it was', async t => {
    const { tasks } = await openTasks(open, t)
    const { now } = await tasks.schedules()
    await tasks.schedule({ name: 's', spec: '1', job: template(), next: now })
    const job = newJob()
    assert.equal(await tasks.fire('s', now, { next: now + 1, jobs: [job], mayOverlap: false }), 'fired')
    assert.equal(await tasks.fire('s', now + 1, { next: now + 2, jobs: [], mayOverlap: true }), 'fired')
    const [schedule] = (await tasks.schedules()).schedules
    assert.deepEqual([schedule?.next, schedule?.last, schedule?.lastJob], [now + 2, now + 1, job.id])
    assert.equal(await tasks.fire('s', now + 2, { next: now + 3, jobs: [newJob()], mayOverlap: false }), 'skipped')
    // What runs is changed, what ran is not forgotten.
    await tasks.schedule({ name: 's', spec: '2', job: template(), next: now + 4 })
    assert.equal((await tasks.schedules()).schedules[0]?.lastJob, job.id)
  })
}
