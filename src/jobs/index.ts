export { DisputeMails } from './dispute-mails.js';
export { FileMailer, type Mailer, SmtpMailer } from './mailer.js';
export { OrderMails } from './order-mails.js';
export { Worker } from './worker.js';
