import { repeatOnNode26 } from './support/on-node-26.ts'

repeatOnNode26([
  'a-script-that-listens-needs-no-change',
  'an-application-knows-its-beginning-and-end',
  'an-application-that-cannot-serve-ends-the-start',
  'every-kind-of-application-is-served',
])
