export { auditInventory } from '../../dev/audit.js';
