import { type Address, formatAddress } from '../base/address.ts'
import type { OptionKind, Share } from '../base/option-types.ts'
import { formatDuration, formatSize } from '../base/units.ts'

/** A resolved value as one would write it in a configuration, for people. */
export function formatValue(value: unknown, kind: OptionKind | undefined): string {
  if (value === undefined) return 'unset'
  const write = kind && writers[kind]
  return write ? write(value) : JSON.stringify(value)
}

const writers: Readonly<Partial<Record<OptionKind, (value: unknown) => string>>> = {
  duration: value => formatDuration(value as number),
  size: value => formatSize(value as number),
  octal: value => `0o${(value as number).toString(8).padStart(3, '0')}`,
  path: value => String(value),
  addresses: value => (value as readonly Address[]).map(formatAddress).join(', '),
  url: value => JSON.stringify(String(value).replace(/\/\/[^@/]*@/g, '//…@')),
  secret: () => '(secret)',
  share: value => formatShare(value as Share),
  workers: value => formatRange(value as { min: number; max: number }),
}

function formatShare(share: Share): string {
  return 'fraction' in share ? `${Math.round(share.fraction * 10_000) / 100}%` : formatSize(share.bytes)
}

function formatRange({ min, max }: { min: number; max: number }): string {
  return min === max ? String(min) : `${min} to ${max}`
}
