/** Of jobs that are listed, as much of their texts as is asked for. */
import type { Keyspace } from '../../database/keyspace.ts'
import { type JobRow, type JobTexts, type WholeJob, wholeJob } from './job-row.ts'

// Of one answer, but for its first job.
const answeredBytesMax = 8 * 1024 ** 2
// A letter has one byte at least.
const selectCut = `SELECT context, error, substr(payload, 1, ?1), substr(progress, 1, ?1), substr(result, 1, ?1)
  FROM task_jobs WHERE seq = ?2`
const selectBrief = "SELECT context, error, '', NULL, NULL FROM task_jobs WHERE seq = ?"

/** As many of them as one answer takes: of these no more is read than one too many. */
export function withTexts(keyspace: Keyspace, jobs: readonly JobRow[], bytesMax: number | undefined): WholeJob[] {
  const whole: WholeJob[] = []
  let bytes = 0
  for (const row of jobs) {
    const job = bytesMax === undefined ? wholeJob(keyspace, row) : withCutTexts(keyspace, row, bytesMax)
    bytes += bytesOf(job)
    if (whole.length > 0 && bytes > answeredBytesMax) return whole
    whole.push(job)
  }
  return whole
}

/** Of input, progress and result so many bytes each. */
function withCutTexts(keyspace: Keyspace, row: JobRow, bytesMax: number): WholeJob {
  const found = bytesMax === 0 ? keyspace.sql(selectBrief).get(row.seq) : keyspace.sql(selectCut).get(bytesMax, row.seq)
  const [context, error, payload, progress, result] = found as unknown as [string, string, string, string, string]
  const cut = (text: string | null) => (text === null ? null : cutText(text, bytesMax))
  const texts = { context, error, payload: cutText(payload, bytesMax), progress: cut(progress), result: cut(result) }
  return Object.assign(row, texts satisfies JobTexts)
}

/** Between two letters. */
function cutText(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text
  const bytes = Buffer.from(text)
  let end = bytesMax
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

function bytesOf({ context, error, payload, progress, result }: JobTexts): number {
  return [context, error, payload, progress, result].reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0)
}
