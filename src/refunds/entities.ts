export { Refund, RefundReason, RefundStatus } from './refund.entity.js';
export { RefundAttendee } from './refund-attendee.entity.js';
export { CancellationStatus, ShowCancellation } from './show-cancellation.entity.js';
