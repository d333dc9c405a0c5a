import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

/** What a result must be read with. */
export function machine() {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`
  return `${availableParallelism()} cores of ${cpus()[0]?.model.trim()}, ${memory}, ${type()} ${release()}, Node ${process.version}`
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A Markdown table, its columns padded so that it can be read as it is, too. */
export function table(head, rows) {
  const all = [head, ...rows.map(row => row.map(String))]
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column].length)))
  const line = row => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(all[0]), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...all.slice(1).map(line)].join(
    '\n',
  )
}
