import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts'

describe('durations', () => {
  it('are read in every unit, and as seconds without one', () => {
    const texts = ['500ms', '30s', '5m', '1h', '1d', '0', '30', ' 1.5s ']
    assert.deepEqual(texts.map(parseDuration), [500, 30_000, 300_000, 3_600_000, 86_400_000, 0, 30_000, 1_500])
    assert.equal(parseDuration(30), 30_000)
    assert.equal(parseDuration(0.25), 250)
    assert.equal(parseDuration(0), 0)
  })

  it('that are none are refused with an example of one', () => {
    for (const text of ['huge', '', '30 parsecs', '-1s', '1e3', '30S', '1h30m', '0x10', 'ms', '.5s', 'Infinity']) {
      assert.throws(() => parseDuration(text), {
        code: 'ERR_CONFIG_INVALID',
        message: `expected a duration such as "30s" or "500ms", got ${JSON.stringify(text)}`,
      })
    }
    assert.throws(() => parseDuration(-1), /got -1$/)
    assert.throws(() => parseDuration(Number.NaN), /got NaN$/)
  })

  it('longer than a timer of Node can wait are refused', () => {
    assert.equal(parseDuration('24d'), 2_073_600_000)
    assert.throws(() => parseDuration('25d'), { message: 'expected a duration of at most "24d", got "25d"' })
  })

  it('are written in the largest unit that is exact', () => {
    const written = [0, 1, 1_500, 30_000, 90_000, 300_000, 7_200_000, 86_400_000].map(formatDuration)
    assert.deepEqual(written, ['0', '1ms', '1500ms', '30s', '90s', '5m', '2h', '1d'])
  })

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), ms => {
        assert.equal(parseDuration(formatDuration(ms)), ms)
      }),
    )
  })

  it('never come out of a text that is no duration', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        let ms: number
        try {
          ms = parseDuration(text)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_CONFIG_INVALID')
          return
        }
        assert.ok(Number.isInteger(ms) && ms >= 0)
      }),
    )
  })
})

describe('sizes', () => {
  it('are read in powers of 1024, in any case, and as bytes without a unit', () => {
    const texts = ['512MB', '1mb', '64KiB', '64k', '1.5 GB', '100B', '1024', '0', '1TB']
    const bytes = [536_870_912, 1_048_576, 65_536, 65_536, 1_610_612_736, 100, 1024, 0, 1024 ** 4]
    assert.deepEqual(texts.map(parseSize), bytes)
    assert.equal(parseSize(4096), 4096)
  })

  it('that are none are refused with an example of one', () => {
    for (const text of ['huge', '', '1 parsec', '-1mb', 'MB', '1bb', '1ib', '9999999999TB']) {
      assert.throws(() => parseSize(text), {
        code: 'ERR_CONFIG_INVALID',
        message: `expected a size such as "1mb", got ${JSON.stringify(text)}`,
      })
    }
    assert.throws(() => parseSize(Number.POSITIVE_INFINITY), /got Infinity$/)
  })

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), bytes => {
        assert.equal(parseSize(formatSize(bytes)), bytes)
      }),
    )
    assert.deepEqual([0, 1000, 1024, 52_428_800].map(formatSize), ['0', '1000B', '1KB', '50MB'])
  })
})
