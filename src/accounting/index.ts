export { AuditResolver } from './audit.resolver.js';
export { AuditedFact } from './audit-report.js';
export { OrderPaymentsResolver, PaymentResolver, ProducerFiguresResolver } from './figures.resolver.js';
export { findInventoryDifferences } from './inventory-audit.js';
export { type Difference, LedgerAudit } from './ledger-audit.js';
