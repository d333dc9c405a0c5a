import * as z from 'zod'
import { token } from './token.ts'

const nameLengthMax = 256

/** RFC 9110, 5.1. */
export function headerName() {
  return name('a header')
}

/** RFC 6265, 4.1.1. */
export function cookieName() {
  return name('a cookie')
}

function name(what: string) {
  return z
    .string()
    .max(nameLengthMax)
    .regex(token)
    .meta({ expected: `the name of ${what}` })
}
