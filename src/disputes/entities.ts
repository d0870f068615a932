export { Dispute, DisputeStatus } from './dispute.entity.js';
