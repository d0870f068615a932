import { serveJobs } from '../support/worker.js';
import { Crowd } from './crowd.js';

const crowd = new Crowd();
serveJobs((job: Parameters<Crowd['work']>[0]) => crowd.work(job));
