import { Migration20261122000000_initial } from './Migration20261122000000_initial.js';
import { Migration20261122120000_purchases_at_speed } from './Migration20261122120000_purchases_at_speed.js';
import { Migration20261122180000_money } from './Migration20261122180000_money.js';
import { Migration20261122190000_events } from './Migration20261122190000_events.js';
import { Migration20261122191000_sessions } from './Migration20261122191000_sessions.js';
import { Migration20261122192000_refunds } from './Migration20261122192000_refunds.js';
import { Migration20261122193000_disputes } from './Migration20261122193000_disputes.js';
import { Migration20261122194000_audit_log } from './Migration20261122194000_audit_log.js';

/** In the order they are applied; the names are what the database remembers. */
export const migrations = [
  { name: 'Migration20261122000000_initial', class: Migration20261122000000_initial },
  { name: 'Migration20261122120000_purchases_at_speed', class: Migration20261122120000_purchases_at_speed },
  { name: 'Migration20261122180000_money', class: Migration20261122180000_money },
  { name: 'Migration20261122190000_events', class: Migration20261122190000_events },
  { name: 'Migration20261122191000_sessions', class: Migration20261122191000_sessions },
  { name: 'Migration20261122192000_refunds', class: Migration20261122192000_refunds },
  { name: 'Migration20261122193000_disputes', class: Migration20261122193000_disputes },
  { name: 'Migration20261122194000_audit_log', class: Migration20261122194000_audit_log },
];
