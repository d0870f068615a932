import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SmtpSink, startSmtpSink } from '../../dev/smtp-sink.js';
import { eventually } from '../support/eventually.js';
import {
  createPublishedShow,
  type PublishedShow,
  purchase,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.js';
import { startServer, type TestServer } from '../support/server.js';

let postgres: OwnPostgres;
let sink: SmtpSink;
let server: TestServer;
let show: PublishedShow;
beforeAll(async () => {
  postgres = await startOwnPostgres();
  sink = await startSmtpSink();
  server = await startServer({
    databaseUrl: postgres.databaseUrl,
    env: { SMTP_URL: `smtp://127.0.0.1:${sink.port}` },
  });
  const seller = await signUp(server);
  show = await createPublishedShow(server, seller.token, { tickets: [{ quantity: 100 }] });
});
afterAll(async () => {
  await server?.stop();
  await sink?.close();
  await postgres?.stop();
});

const cart = () => ({ showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });
const mailAbout = (orderId: string) => sink.mails.find((mail) => mail.includes(orderId));

async function readiness(): Promise<{ status: number; body: { status: string; checks: object } }> {
  const answer = await send(server, '/health/ready');
  return { status: answer.status, body: JSON.parse(answer.text) };
}

describe('a server whose PostgreSQL is stopped and started again', () => {
  it('says that it is alive but not ready, refuses with masked errors, and recovers by itself', async () => {
    expect(await readiness()).toMatchObject({ status: 200, body: { checks: { database: 'ok' } } });
    await postgres.stop();
    await eventually('it is not ready', async () => (await readiness()).status === 503);
    expect(await readiness()).toMatchObject({
      status: 503,
      body: { status: 'unavailable', checks: { process: 'ok', database: 'failed' } },
    });
    expect((await send(server, '/health/live')).status).toBe(200);
    const failure = expectError(await tryPurchase(server, cart()), 'INTERNAL_SERVER_ERROR');
    expect(failure.message).toBe('Internal server error');
    expect(JSON.stringify(failure)).not.toMatch(/ECONN|postgres|127\.0\.0\.1/);

    await postgres.start();
    await eventually('it is ready again', async () => (await readiness()).status === 200);
    const bought = await purchase(server, cart());
    await eventually('the mail has come', () => mailAbout(bought.order.id), 60_000);
  });

  it('goes on working when that happens in the middle of a job', async () => {
    const release = sink.hold();
    const first = await purchase(server, cart());
    await eventually('the mail is on its way', () => mailAbout(first.order.id));
    await postgres.stop();
    release();
    await eventually('it is not ready', async () => (await readiness()).status === 503);
    await postgres.start();
    await eventually('it is ready again', async () => (await readiness()).status === 200);
    const second = await purchase(server, cart());
    await eventually('the next mail has come', () => mailAbout(second.order.id), 60_000);
  });

  it('ends properly while PostgreSQL is away', async () => {
    await postgres.stop();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
