export { Producer } from './producer.entity.js';
export { ProducerMember } from './producer-member.entity.js';
export { Show, ShowStatus } from './show.entity.js';
export { Ticket } from './ticket.entity.js';
