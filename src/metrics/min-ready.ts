import { workersMax } from '../base/cpu-count.ts'

/** How many workers of each application must be ready: so many, or a part of those that it is to have. */
export type MinReady = { readonly workers: number } | { readonly fraction: number }

export const expectedMinReady = 'a number of workers such as 2, or a share such as "50%"'

/** Undefined when it is neither. */
export function parseMinReady(value: number | string): MinReady | undefined {
  const [, digits = '', percent] = /^(\d{1,5})(%?)$/.exec(String(value).trim()) ?? []
  const number = Number(digits)
  if (digits === '' || number < 1) return undefined
  if (percent === '') return number <= workersMax ? { workers: number } : undefined
  return number <= 100 ? { fraction: number / 100 } : undefined
}
