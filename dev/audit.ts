import type pg from 'pg';
import { INVENTORY_AUDIT } from '../src/accounting/inventory-checks.js';

/**
 * The same audit that operators have, which tests and benchmarks run after themselves.
 *
 * @throws with every difference found.
 */
export async function auditInventory(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ difference: string }>(INVENTORY_AUDIT);
  if (rows.length === 0) return;
  const differences = rows.map(({ difference }) => `  - ${difference}`).join('\n');
  throw new Error(`Inventory and orders contradict each other:\n${differences}`);
}
