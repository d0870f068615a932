import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Stage } from './local-stripe-state-support.js';
import { payableAccount, sessionParams } from './local-stripe-support.js';

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

afterEach(() => stage.close());

it('has all in the file that it has answered, however it ends', async () => {
  const before = await stage.open();
  const account = await payableAccount(before);
  const sessions = await Promise.all(
    ['1', '2', '3', '4', '5'].map((idempotencyKey) =>
      before.stripe.checkout.sessions.create(sessionParams(account.id), { idempotencyKey }),
    ),
  );
  const paid = await before.local.pay(sessions[0]!.id);

  const { stripe } = await stage.killAndRestart(before);
  const kept = await stripe.checkout.sessions.list();
  expect(kept.data.map(({ id }) => id).sort()).toEqual(sessions.map(({ id }) => id).sort());
  const intent = await stripe.paymentIntents.retrieve(paid.payment_intent as string);
  expect(intent.status).toBe('succeeded');
});

it('outlives its process, when that is killed right after an answer', async () => {
  const first = await stage.runAlone();
  const session = await first.stripe.checkout.sessions.create(sessionParams(), { idempotencyKey: 'once' });
  await first.kill();

  const second = await stage.runAlone();
  const paid = await second.control.pay(session.id);
  await second.kill();

  const third = await stage.runAlone();
  expect(await third.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete' });
  const intent = await third.stripe.paymentIntents.retrieve(paid.payment_intent as string);
  expect(intent.status).toBe('succeeded');
  const again = await third.stripe.checkout.sessions.create(sessionParams(), { idempotencyKey: 'once' });
  expect(again.id).toBe(session.id);
  await third.kill();
});

it('lets nobody else read its file, and leaves none beside it', async () => {
  const platform = await stage.open();
  await payableAccount(platform);
  expect(statSync(stage.stateFile).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(stage.stateFile))).toEqual(['stripe.json']);
});

it.each([
  ['that is torn', (whole: string) => whole.slice(0, whole.length / 2)],
  ['that is empty', () => ''],
  ['of another version', (whole: string) => whole.replace(/"version":\d+/, '"version":0')],
  ['of something else', () => '{"name":"boxoffice"}'],
])('sets a file aside %s, says so and starts empty', async (_name, damage) => {
  const before = await stage.open();
  await payableAccount(before);
  await before.local.close();
  const damaged = damage(readFileSync(stage.stateFile, 'utf8'));
  writeFileSync(stage.stateFile, damaged);

  const after = await stage.restart(before);
  expect((await after.stripe.accounts.list()).data).toEqual([]);
  expect(after.local.stateId).not.toBe(before.local.stateId);
  expect(after.local.setAside).toBe(`${stage.stateFile}.unusable`);
  expect(readFileSync(`${stage.stateFile}.unusable`, 'utf8')).toBe(damaged);
  expect(stage.log).toContainEqual(expect.stringContaining(`It is now ${stage.stateFile}.unusable`));

  await after.local.close();
  writeFileSync(stage.stateFile, 'damaged once more');
  const last = await stage.restart(after);
  expect(last.local.setAside).toBe(`${stage.stateFile}.unusable-2`);
  expect(existsSync(`${stage.stateFile}.unusable`)).toBe(true);
});

it('serves on when it cannot save, and says so once', async () => {
  const platform = await stage.open();
  mkdirSync(`${stage.stateFile}.new`);
  const account = await payableAccount(platform);
  const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id));
  expect(stage.log.filter((line) => line.startsWith('The state could not be saved'))).toHaveLength(1);

  rmSync(`${stage.stateFile}.new`, { recursive: true });
  const after = await stage.restart(platform);
  expect(await after.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' });
});
