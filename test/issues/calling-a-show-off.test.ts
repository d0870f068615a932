import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(async () => world.close());

const CANCEL = 'mutation ($id: ID!) { cancelShow(id: $id) { status } }';

describe('calling a show off', () => {
  it('locks its tickets in the order in which purchases lock them', async () => {
    const { seller, show } = await world.sell({
      tickets: [
        { price: 2500, quantity: 3 },
        { price: 1000, quantity: 3 },
      ],
    });
    const [first, second] = show.tickets.map(({ id }) => Number(id)).sort((one, other) => one - other);
    const purchases = new pg.Client({ connectionString: world.database.url });
    await purchases.connect();
    try {
      // Read from beginning to end, the table now has its row behind the other one's.
      await purchases.query('drop index ticket_show');
      await purchases.query('update ticket set version = version + 1 where id = $1', [first]);
      await purchases.query('begin');
      await purchases.query('select from ticket where id = $1 for update', [first]);
      const calling = graphql(world.server, CANCEL, { id: show.id }, { token: seller.token });
      await eventually('it waits for the first ticket', async () => {
        const { rowCount } = await world.database.pool.query(
          `select from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock' and query ~ 'ticket'`,
        );
        return rowCount === 1;
      });
      const { rowCount } = await purchases.query('select from ticket where id = $1 for update skip locked', [
        second,
      ]);
      await purchases.query('commit');
      expectData(await calling);
      expect(rowCount).toBe(1);
    } finally {
      await purchases.end();
    }
  });
});
