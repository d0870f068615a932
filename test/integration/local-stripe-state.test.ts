import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startLocalStripe } from '../../dev/stripe/index.js';
import {
  CONNECT_SECRET,
  clientOf,
  openPlatform,
  PLATFORM_SECRET,
  type Platform,
  paidSession,
  payableAccount,
  refusal,
  sessionParams,
} from './local-stripe-support.js';

let directory: string;
let stateFile: string;
let log: string[];
let open: Platform[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'boxoffice-stripe-state-'));
  stateFile = join(directory, 'made', 'stripe.json');
  log = [];
  open = [];
});

afterEach(async () => {
  for (const platform of open) await platform.close();
  rmSync(directory, { recursive: true });
});

async function openHere(): Promise<Platform> {
  const platform = await openPlatform({ stateFile, log: (line) => log.push(line) });
  open.push(platform);
  return platform;
}

/** The same platform with another local Stripe on the same state file. */
async function restart(platform: Platform): Promise<Platform> {
  const { local, platformHook, connectHook } = platform;
  await local.close();
  const next = await startLocalStripe({
    stateFile,
    webhookRetryDelaysMs: [1, 1, 1],
    webhookEndpoints: [
      { url: platformHook.url, secret: PLATFORM_SECRET },
      { url: connectHook.url, secret: CONNECT_SECRET, connect: true },
    ],
    log: (line) => log.push(line),
  });
  const restarted = { ...platform, local: next, stripe: clientOf(next) };
  open.unshift({ ...restarted, close: () => next.close() });
  return restarted;
}

/** What is in the file at this moment is all that is left. */
async function killAndRestart(platform: Platform): Promise<Platform> {
  const left = readFileSync(stateFile);
  await platform.local.close();
  writeFileSync(stateFile, left);
  return restart(platform);
}

it('lets a session be paid that was made before a restart', async () => {
  const before = await openHere();
  const account = await payableAccount(before);
  const session = await before.stripe.checkout.sessions.create(sessionParams(account.id));

  const after = await restart(before);
  expect(await after.stripe.accounts.retrieve(account.id)).toMatchObject({ charges_enabled: true });
  expect(await after.local.pay(session.id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
  const read = await after.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['line_items', 'payment_intent.latest_charge.transfer'],
  });
  expect(read.line_items?.data).toMatchObject([{ amount_total: 5000, quantity: 2 }]);
  expect(read.payment_intent).toMatchObject({
    description: 'Order #AB12 for Hamlet',
    application_fee_amount: 500,
    latest_charge: { transfer: { amount: 5000, destination: account.id } },
  });
  await after.local.webhooks.idle();
  expect(after.platformHook.types()).toContain('checkout.session.completed');
});

it('lets a payment be refunded and disputed that was made before a restart', async () => {
  const before = await openHere();
  const { chargeId } = await paidSession(before);
  await before.stripe.refunds.create({ charge: chargeId, amount: 1000, reverse_transfer: true });

  const after = await restart(before);
  await after.stripe.refunds.create({ charge: chargeId, amount: 1500, reverse_transfer: true });
  const charge = await after.stripe.charges.retrieve(chargeId, { expand: ['refunds', 'transfer'] });
  const newestFirst = { data: [{ amount: 1500 }, { amount: 1000 }] };
  expect(charge).toMatchObject({ amount_refunded: 2500, refunds: newestFirst });
  expect(charge.transfer).toMatchObject({ amount_reversed: 2500, reversals: newestFirst });
  expect(await after.local.openDispute(chargeId)).toMatchObject({ amount: 2500 });
});

it('answers an idempotency key as before the restart', async () => {
  const before = await openHere();
  const options = { idempotencyKey: 'order-1-1' };
  const first = await before.stripe.checkout.sessions.create(sessionParams(), options);
  const refund = { payment_intent: 'pi_unknown' };
  const refused = await refusal(before.stripe.refunds.create(refund, { idempotencyKey: 'refund-1' }));

  const { stripe } = await restart(before);
  const again = await stripe.checkout.sessions.create(sessionParams(), options);
  expect(again).toEqual(first);
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect((await stripe.checkout.sessions.list()).data).toHaveLength(1);
  const refusedAgain = await refusal(stripe.refunds.create(refund, { idempotencyKey: 'refund-1' }));
  expect(refusedAgain).toMatchObject({ message: refused.message, code: 'resource_missing' });
  expect(refusedAgain.headers?.['idempotent-replayed']).toBe('true');
  const otherwise = sessionParams(undefined, { client_reference_id: 'order-2' });
  expect(await refusal(stripe.checkout.sessions.create(otherwise, options))).toMatchObject({
    type: 'StripeIdempotencyError',
  });
});

it('keeps events, and does not send again what has arrived', async () => {
  const before = await openHere();
  await paidSession(before);
  await before.local.webhooks.idle();
  const events = await before.local.events();
  const arrived = before.platformHook.events.length;

  const after = await restart(before);
  expect(await after.local.events()).toEqual(events);
  expect((await after.stripe.events.list({ type: 'checkout.session.completed' })).data).toHaveLength(1);
  await after.local.webhooks.idle();
  expect(after.platformHook.events).toHaveLength(arrived);
});

it('sends the webhooks that had not arrived', async () => {
  const before = await openHere();
  await before.local.webhooks.pause();
  await paidSession(before);
  const held = (await before.local.webhooks.held()).filter(({ account }) => account === undefined);
  const [first, ...others] = held.map(({ id }) => id);
  await before.local.webhooks.deliver([first!]);

  const after = await restart(before);
  await after.local.webhooks.idle();
  expect(others.length).toBeGreaterThan(1);
  expect(after.platformHook.events.map(({ id }) => id).sort()).toEqual([first!, ...others].sort());
  expect(after.platformHook.rejected).toEqual([]);
  expect((await after.stripe.events.list({ delivery_success: false })).data).toEqual([]);
});

it('has all in the file that it has answered, however it ends', async () => {
  const before = await openHere();
  const account = await payableAccount(before);
  const sessions = await Promise.all(
    ['1', '2', '3', '4', '5'].map((idempotencyKey) =>
      before.stripe.checkout.sessions.create(sessionParams(account.id), { idempotencyKey }),
    ),
  );
  const paid = await before.local.pay(sessions[0]!.id);

  const { stripe } = await killAndRestart(before);
  const kept = await stripe.checkout.sessions.list();
  expect(kept.data.map(({ id }) => id).sort()).toEqual(sessions.map(({ id }) => id).sort());
  const intent = await stripe.paymentIntents.retrieve(paid.payment_intent as string);
  expect(intent.status).toBe('succeeded');
});

it('keeps what the control surface has switched, and who has disconnected', async () => {
  const before = await openHere();
  const account = await payableAccount(before);
  const gone = await payableAccount(before);
  await before.local.deauthorize(gone.id);
  await before.local.holdRefunds(true);

  const after = await killAndRestart(before);
  expect(await refusal(after.stripe.accounts.retrieve(gone.id))).toMatchObject({ code: 'account_invalid' });
  const session = await after.stripe.checkout.sessions.create(sessionParams(account.id));
  const { payment_intent } = await after.local.pay(session.id);
  const refund = await after.stripe.refunds.create({ payment_intent: payment_intent as string });
  expect(refund.status).toBe('pending');
});

it('has another state id after a reset, and the same one else', async () => {
  const first = await openHere();
  const { stateId } = first.local;
  const second = await restart(first);
  expect(second.local.stateId).toBe(stateId);
  await payableAccount(second);
  await second.local.reset();
  const third = await killAndRestart(second);
  expect(third.local.stateId).toBe(second.local.stateId);
  expect(third.local.stateId).not.toBe(stateId);
  expect((await third.stripe.accounts.list()).data).toEqual([]);
});

it('lets nobody else read its file, and leaves none beside it', async () => {
  const platform = await openHere();
  await payableAccount(platform);
  expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(directory, 'made'))).toEqual(['stripe.json']);
});

it.each([
  ['that is torn', (whole: string) => whole.slice(0, whole.length / 2)],
  ['that is empty', () => ''],
  ['of another version', (whole: string) => whole.replace('"version":1', '"version":2')],
  ['of something else', () => '{"name":"boxoffice"}'],
])('sets a file aside %s, says so and starts empty', async (_name, damage) => {
  const before = await openHere();
  await payableAccount(before);
  await before.local.close();
  const damaged = damage(readFileSync(stateFile, 'utf8'));
  writeFileSync(stateFile, damaged);

  const after = await restart(before);
  expect((await after.stripe.accounts.list()).data).toEqual([]);
  expect(after.local.stateId).not.toBe(before.local.stateId);
  expect(after.local.setAside).toBe(`${stateFile}.unusable`);
  expect(readFileSync(`${stateFile}.unusable`, 'utf8')).toBe(damaged);
  expect(log).toContainEqual(expect.stringContaining(`It is now ${stateFile}.unusable`));

  await after.local.close();
  writeFileSync(stateFile, 'damaged once more');
  const last = await restart(after);
  expect(last.local.setAside).toBe(`${stateFile}.unusable-2`);
  expect(existsSync(`${stateFile}.unusable`)).toBe(true);
});

it('serves on when it cannot save, and says so once', async () => {
  const platform = await openHere();
  mkdirSync(`${stateFile}.new`);
  const account = await payableAccount(platform);
  const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id));
  expect(log.filter((line) => line.startsWith('The state could not be saved'))).toHaveLength(1);

  rmSync(`${stateFile}.new`, { recursive: true });
  const after = await restart(platform);
  expect(await after.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' });
});
