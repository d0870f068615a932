import type { EntityManager } from '@mikro-orm/postgresql';
import { requireOperator, type Viewer } from '../accounts/index.js';
import { INVENTORY_AUDIT } from './inventory-checks.js';

/** @returns a sentence for each contradiction in the database; none is as it should be */
export async function findInventoryDifferences(em: EntityManager): Promise<string[]> {
  const rows = await em.execute<{ difference: string }[]>(INVENTORY_AUDIT);
  return rows.map(({ difference }) => difference);
}

/** The same, for operators. @throws AppError FORBIDDEN */
export async function findInventoryDifferencesFor(em: EntityManager, viewer: Viewer): Promise<string[]> {
  await requireOperator(em, viewer);
  return findInventoryDifferences(em);
}
