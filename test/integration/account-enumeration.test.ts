import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, signUp, uniqueEmail } from '../support/fixtures.js';
import type { GraphQLAnswer } from '../support/graphql-client.js';
import { graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const WRONG = 'not the password';

async function hashes(): Promise<Record<'hash' | 'verify', number>> {
  const count = (operation: string) => metric(world.server, 'boxoffice_password_hashes_total', { operation });
  return { hash: await count('hash'), verify: await count('verify') };
}

/** The answer, as far as its sender can see it, and how many hashes it took to make. */
async function asked(operation: 'signIn' | 'signUp', email: string, password: string) {
  const before = await hashes();
  const answer = await graphql(world.server, OPERATIONS[`Mutation.${operation}`], {
    input: { email, password },
  });
  const after = await hashes();
  return { answer, work: { hash: after.hash - before.hash, verify: after.verify - before.verify } };
}

function visible({ data, errors, status, headers }: GraphQLAnswer<unknown>): unknown {
  const names = [...headers.keys()].filter((name) => name !== 'x-request-id' && name !== 'date');
  return { data, errors, status, headers: names.map((name) => [name, headers.get(name)]) };
}

describe('who has an account', () => {
  it('is not told by signing in: the first time and later, the answer and the work are the same', async () => {
    // Whatever is prepared for unknown addresses must not be prepared when the first one comes.
    const first = await asked('signIn', uniqueEmail(), WRONG);
    const { email } = await signUp(world.server);
    const known = await asked('signIn', email, WRONG);
    const unknown = await asked('signIn', uniqueEmail(), WRONG);
    for (const { answer, work } of [first, known, unknown]) {
      expect(work).toEqual({ hash: 0, verify: 1 });
      expect(visible(answer)).toEqual(visible(first.answer));
    }
    expect((await asked('signIn', email, PASSWORD)).work).toEqual({ hash: 0, verify: 1 });
  });

  it('takes the work of a real comparison for unknown addresses too', async () => {
    const { email } = await signUp(world.server);
    const time = async (address: string) => {
      const before = await cpuSeconds();
      const answers = Array.from({ length: 20 }, () => asked('signIn', address, WRONG));
      await Promise.all(answers);
      return (await cpuSeconds()) - before;
    };
    // Processor time, not time: a comparison that does nothing would take less than a tenth.
    const [known, unknown] = [await time(email), await time(uniqueEmail())];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(known).toBeGreaterThan(unknown / 3);
  });

  it('takes the same work in signing up', async () => {
    const { email } = await signUp(world.server);
    expect((await asked('signUp', email, PASSWORD)).work).toEqual({ hash: 1, verify: 0 });
    expect((await asked('signUp', uniqueEmail(), PASSWORD)).work).toEqual({ hash: 1, verify: 0 });
  });

  it('is not told by input that is refused before anybody is looked for', async () => {
    const { email } = await signUp(world.server);
    for (const operation of ['signIn', 'signUp'] as const) {
      const [known, unknown] = [
        await asked(operation, email, 'p'.repeat(201)),
        await asked(operation, uniqueEmail(), 'p'.repeat(201)),
      ];
      expect(known.work).toEqual({ hash: 0, verify: 0 });
      expect(unknown.work).toEqual(known.work);
      expect(visible(unknown.answer)).toEqual(visible(known.answer));
    }
  });

  it('is not told by buying with an address', async () => {
    const { show } = await world.sell({ tickets: [{}] });
    const { email } = await signUp(world.server);
    const buy = async (address: string) => {
      const input = {
        showId: show.id,
        items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
        email: address,
      };
      const answer = await graphql(world.server, OPERATIONS['Mutation.purchaseTickets'], { input });
      return { errors: answer.errors, names: Object.keys(answer.data!.purchaseTickets as object) };
    };
    expect(await buy(email)).toEqual(await buy(uniqueEmail()));
  });
});

function cpuSeconds(): Promise<number> {
  return metric(world.server, 'process_cpu_seconds_total');
}
