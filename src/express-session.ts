/** `saola/express-session`: the store as the session store of an Express application. */
export {
  type SessionData,
  type SessionStore,
  type SessionStoreOptions,
  sessionStore,
} from './store/adapters/express-session.ts'
