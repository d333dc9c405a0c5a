/** One job: what became of it, what it was called with, and what can be done with it. */
import type { JobState, JobView, TaskDone } from '../../api.ts'
import { post, withQuery } from '../api-client.ts'
import { formatJson } from '../format-json.ts'
import { ActionButton, Button } from '../parts/button.tsx'
import { CodeBlock } from '../parts/code-block.tsx'
import { PolledView } from '../parts/conditions.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Share } from '../parts/figures.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime, Time } from '../parts/time.tsx'
import { tell } from '../toasts.ts'
import { usePolled } from '../use-polled.ts'
import { JobBadge } from './task-state.tsx'

interface JobDialogProps {
  readonly id: string
  onClose(): void
  /** It is not what it was. */
  onChange(): void
}

const everyMs = 2_000
const finalStates: readonly JobState[] = ['done', 'dead', 'cancelled']

export function JobDialog({ id, onClose, onChange }: JobDialogProps) {
  const polled = usePolled<JobView>(withQuery('/api/tasks/job', { id }), everyMs)
  const change = () => {
    polled.refresh()
    onChange()
  }
  return (
    <Dialog
      place="side"
      title={`Job ${id}`}
      onClose={onClose}
      actions={
        polled.answer ? (
          <JobActions job={polled.answer} onChange={change} onRemoved={onClose} />
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      <PolledView polled={polled} what="the job">
        {job => <JobFacts job={job} />}
      </PolledView>
    </Dialog>
  )
}

interface ActionsProps {
  readonly job: JobView
  onChange(): void
  onRemoved(): void
}

function JobActions({ job: { id, state, isCancelling }, onChange, onRemoved }: ActionsProps) {
  const isFinal = finalStates.includes(state)
  const act = async (name: 'retry' | 'cancel' | 'remove', told: string) => {
    const { count, problems } = await post<TaskDone>(`/api/tasks/${name}`, { ids: [id] })
    onChange()
    if (count === 0) throw new Error(problems[0] ?? 'Nothing was changed.')
    tell(told, problems)
  }
  const remove = async () => {
    await act('remove', 'The job is removed.')
    onRemoved()
  }
  return (
    <>
      {(state === 'dead' || state === 'cancelled') && (
        <ActionButton kind="main" label="Retry this job" onClick={() => act('retry', 'The job will run again.')}>
          Retry
        </ActionButton>
      )}
      {!isFinal && (
        <ActionButton
          label="Cancel this job"
          disabledReason={isCancelling ? 'It is being cancelled.' : undefined}
          confirm={{ title: 'Cancel this job?', text: 'It does not run again by itself.', yes: 'Cancel the job' }}
          onClick={() => act('cancel', 'The job is cancelled.')}
        >
          Cancel
        </ActionButton>
      )}
      {isFinal && (
        <ActionButton
          kind="danger"
          label="Remove this job"
          confirm={{
            title: 'Remove this job?',
            text: 'With its input, its result and its error.',
            yes: 'Remove the job',
          }}
          onClick={remove}
        >
          Remove
        </ActionButton>
      )}
    </>
  )
}

function JobFacts({ job }: { readonly job: JobView }) {
  const { task, queue, attempt, attempts, reason, worker, progress, facts, payload, result, error } = job
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['queue', queue],
    ['attempt', `${attempt} of ${attempts}`],
    ['reason', reason],
    ['worker', worker],
    ...Object.entries(facts).filter(([name]) => name !== 'worker'),
  ]
  return (
    <>
      <p class="row">
        <JobBadge job={job} /> <Text value={task} isCode />
      </p>
      {progress !== undefined && <Progress progress={progress} />}
      <Timeline timeline={job.timeline} />
      {error !== undefined && (
        <section>
          <h3>Error</h3>
          <CodeBlock label="Error with its stack" text={error} isWrapped />
        </section>
      )}
      <section>
        <h3>Input</h3>
        <CodeBlock label="Input" text={formatJson(payload)} isWrapped />
      </section>
      {result !== undefined && (
        <section>
          <h3>Result</h3>
          <CodeBlock label="Result" text={formatJson(result)} isWrapped />
        </section>
      )}
      <dl class="facts">
        {rows.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Text value={value} />
              </dd>
            </div>
          ),
        )}
      </dl>
    </>
  )
}

/** A share of 1, or of 100. */
function Progress({ progress }: { readonly progress: number }) {
  const share = progress > 1 ? progress / 100 : progress
  return <Share share={share} text={`${Math.round(share * 100)} %`} />
}

function Timeline({ timeline }: Pick<JobView, 'timeline'>) {
  return (
    <section>
      <h3>Timeline</h3>
      <ol class="timeline">
        {timeline.map(({ at, text }) => (
          <li key={`${at} ${text}`}>
            <Time at={at} /> <Text value={text} />{' '}
            <span class="faint">
              (<RelativeTime at={at} />)
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
