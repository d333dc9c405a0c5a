import { render } from 'preact'
import { App } from './app.tsx'
import { startClock } from './clock.ts'
import { startRouter } from './router.ts'
import { beginSession } from './session.ts'
import { applyTheme } from './theme.ts'

applyTheme()
startClock()
// Before the router, which hears of changes after it: a token is taken out of the address first.
void beginSession()
startRouter()
render(<App />, document.getElementById('app') as HTMLElement)
