import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createOrm, type Orm, SERVER_TIMEOUTS } from '../../src/database/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let orm: Orm;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('analyze');
  orm = await createOrm(database.url, 1, SERVER_TIMEOUTS);
});
afterAll(async () => {
  await orm.close();
  await database.drop();
});

/** What PostgreSQL itself asks when a row refers to another one. */
const CHECK = 'explain select 1 from only ticket x where id = 1 for key share of x';

it('is not how the application has foreign keys checked, although its tables are small and analysed', async () => {
  const planOf = (rows: readonly Record<string, string>[]) => rows.map((row) => row['QUERY PLAN']).join('\n');
  const { rows } = await database.pool.query<Record<string, string>>(CHECK);
  // Or this test could not fail: by itself PostgreSQL reads a table so small from end to end.
  expect(planOf(rows)).toContain('Seq Scan');
  expect(planOf(await orm.em.execute(CHECK))).toMatch(/Index (Only )?Scan/);
});
