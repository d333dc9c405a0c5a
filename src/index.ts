export { type ConfigContext, type ConfigExport, defineConfig, env, type UserConfig as Config } from './config/define.ts'
export type { CronContext } from './programs/cron/cron-context.ts'
