export { Attendee, AttendeeStatus } from './attendee.entity.js';
export { Order, OrderStatus, PaymentStatus } from './order.entity.js';
export { OrderLine } from './order-line.entity.js';
