import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { checkValue, type StandardSchema } from './standard-schema.ts'

const users = z.object({ users: z.array(z.object({ name: z.string(), born: z.date() })) })

function schemaOf(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

describe('a value with a schema', () => {
  it('comes out as the schema gives it, at once when the schema is synchronous', () => {
    const checked = checkValue(z.object({ id: z.number(), tags: z.array(z.string()).default([]) }), { id: 7 })
    assert.deepEqual(checked, { id: 7, tags: [] })
    assert.equal(checkValue(z.string().nullable(), null), null)
  })

  it('is refused with every issue and its path', () => {
    assert.throws(
      () =>
        checkValue(users, {
          users: [
            { name: 'a', born: new Date() },
            { name: 1, born: 'x' },
          ],
        }),
      {
        code: 'STORE_VALUE_INVALID',
        message: /^The schema refuses the value: users\[1\]\.name: .*string.*; users\[1\]\.born: .*date.*\.$/,
      },
    )
    assert.throws(() => checkValue(z.string(), 1), /: the value: .*string/)
  })

  it('may be checked asynchronously', async () => {
    const schema = z.string().refine(async text => text !== 'taken', 'is taken')
    assert.equal(await checkValue(schema, 'free'), 'free')
    await assert.rejects(async () => checkValue(schema, 'taken'), {
      code: 'STORE_VALUE_INVALID',
      message: 'The schema refuses the value: the value: is taken.',
    })
  })

  it('may be refused with any form of path that the specification has', () => {
    const path = [{ key: 'a b' }, 3, Symbol('id'), { key: 'c' }]
    const schema = schemaOf(() => ({ issues: [{ message: 'No.', path }, { message: 'Never.' }] }))
    assert.throws(() => checkValue(schema, 1), {
      message: 'The schema refuses the value: ["a b"][3][Symbol(id)].c: No; the value: Never.',
    })
  })

  it('that has very many issues is refused with the first fifty', () => {
    const issues = Array.from({ length: 60 }, (_, i) => ({ message: 'no', path: [i] }))
    assert.throws(
      () =>
        checkValue(
          schemaOf(() => ({ issues })),
          1,
        ),
      /\[49\]: no; and 10 more\.$/,
    )
  })

  it('is not written when the schema itself throws', async () => {
    const cause = new TypeError('bug')
    const expected = { code: 'STORE_VALUE_INVALID', cause }
    const throwing = schemaOf(() => {
      throw cause
    })
    assert.throws(() => checkValue(throwing, 1), expected)
    await assert.rejects(
      async () =>
        checkValue(
          schemaOf(() => Promise.reject(cause)),
          1,
        ),
      expected,
    )
  })

  it('that is no Standard Schema is told so', () => {
    for (const schema of [undefined, {}, { '~standard': {} }]) {
      assert.throws(() => checkValue(schema as StandardSchema, 1), { code: 'STORE_ARGUMENT_INVALID' })
    }
  })
})
