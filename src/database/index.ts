export { addJob, addJobs } from './add-job.js';
export { migrate } from './migrate.js';
export { oneAtATime } from './one-at-a-time.js';
export { createOrm, type Orm, SERVER_TIMEOUTS } from './orm.js';
export { isUniqueViolation } from './unique-violation.js';
