export { onShutdown, ready, type WorkerIdentity, worker } from './worker/app-api.ts'
