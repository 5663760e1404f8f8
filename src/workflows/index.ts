/** Each export is registered as a workflow type under its name. Nothing else may be exported here. */
export { mirrorRepository } from './mirror.ts';
export { reconcileStars } from './stars.ts';
export { batchSync, checkDrift } from './batch.ts';
export { archiveHistories } from './histories.ts';
export { drainInbox, recoverDeliveries } from './recovery.ts';
export { sendAlerts, watchAlerts } from './alerts.ts';
