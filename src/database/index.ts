export { addJob, addJobs } from './add-job.js';
export { oneAtATime } from './coalescing-reader.js';
export { migrate } from './migrate.js';
export { createOrm, type Orm, SERVER_TIMEOUTS } from './orm.js';
export { persistNew } from './persist-new.js';
export { pipelined } from './pipelined.js';
export { Statement } from './statement.js';
export { Turnstile } from './turnstile.js';
export { isUniqueViolation } from './unique-violation.js';
