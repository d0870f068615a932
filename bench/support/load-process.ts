import { runLoad } from './load.js';
import { serveJobs } from './worker.js';

serveJobs(runLoad);
