import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createProducer } from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { signUpOperator } from '../support/operators.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

const SALES = 'query ($at: DateTime) { viewer { producers { sales(FIELD: $at) { gross } } } }';
const AUDIT = 'query ($at: DateTime) { ledgerAudit(FIELD: $at) { orders } }';

describe('figures of a time that no database has', () => {
  it.each([
    ['from', '0000-01-01T00:00:00Z'],
    ['to', '0001-01-01T00:00:00+14:00'],
    ['to', '9999-12-31T23:59:59-14:00'],
  ])('are refused: %s %s', async (field, at) => {
    const { token } = await signUpOperator(world);
    await createProducer(world.server, token);
    for (const document of [SALES, AUDIT]) {
      const answer = await graphql(world.server, document.replace('FIELD', field), { at }, { token });
      expect(expectError(answer, 'BAD_USER_INPUT').extensions).toMatchObject({ field });
    }
  });
});
