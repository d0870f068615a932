import { Sockets } from './sockets.js';
import { serveJobs } from './worker.js';

const sockets = new Sockets();
serveJobs(sockets.run.bind(sockets));
