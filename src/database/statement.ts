import { hash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Pipeline } from './pipeline.js';

/**
 * SQL on the way of every purchase. PostgreSQL parses and plans it once for each connection, and gets only its values
 * after that; MikroORM would write the values into the text, which is then another one each time.
 */
export class Statement<Row extends object> {
  private readonly name: string | undefined;
  private readonly prepared: string;

  /**
   * @param text with `?` for each value, as everywhere else
   * @param plan 'anew' where it depends on how large a table has become; the statement is then not kept
   */
  constructor(
    private readonly text: string,
    plan: 'kept' | 'anew' = 'kept',
  ) {
    const [start, ...parts] = text.split('?');
    this.prepared = start + parts.map((part, index) => `$${index + 1}${part}`).join('');
    this.name = plan === 'kept' ? `boxoffice_${hash('sha256', text).slice(0, 16)}` : undefined;
  }

  /** In the transaction of `em` if it has one. @throws what MikroORM makes of PostgreSQL's errors */
  async run(em: EntityManager, values: readonly (string | number | null)[]): Promise<Row[]> {
    const context: unknown = em.getTransactionContext();
    if (context !== undefined && !(context instanceof Pipeline)) {
      return em.execute<Row[]>(this.text, [...values]);
    }
    try {
      const query = { name: this.name, text: this.prepared, values: [...values] };
      if (context !== undefined) return (await context.query<Row>(query)).rows;
      return (await (await em.getConnection().getNativeClient()).query<Row>(query)).rows;
    } catch (error) {
      throw em.getDriver().convertException(error as Error);
    }
  }
}
