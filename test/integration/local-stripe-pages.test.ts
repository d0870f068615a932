import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectLocalStripe } from '../../dev/stripe/index.js';
import { openPlatform, type Platform, paidSession, refusal, sessionParams } from './local-stripe-support.js';

let platform: Platform;

beforeAll(async () => {
  platform = await openPlatform();
});

afterAll(() => platform.close());

const open = (url: string) => fetch(url, { redirect: 'manual' });
const submit = (url: string) => fetch(url, { method: 'POST', redirect: 'manual' });

async function newSession(changes = {}) {
  const session = await platform.stripe.checkout.sessions.create(sessionParams(undefined, changes));
  return { id: session.id, url: session.url! };
}

describe('the page that buyers pay on', () => {
  it('shows the bill, escaped, in the decimals of the currency', async () => {
    const { url } = await newSession();
    const page = await (await open(url)).text();
    expect(page).toContain('Stalls &amp; &lt;balcony&gt;');
    expect(page).not.toContain('<balcony>');
    expect(page).toContain('>$50.00<');
    const yen = await newSession({
      line_items: [
        { price_data: { currency: 'jpy', unit_amount: 1500, product_data: { name: 'x' } }, quantity: 1 },
      ],
    });
    expect(await (await open(yen.url)).text()).toContain('>¥1,500<');
    const dinar = await newSession({
      line_items: [
        { price_data: { currency: 'kwd', unit_amount: 1250, product_data: { name: 'x' } }, quantity: 1 },
      ],
    });
    expect(await (await open(dinar.url)).text()).toContain('>KWD\u00a01.250<');
  });

  it('needs nothing from any network', async () => {
    const { url } = await newSession();
    const answer = await open(url);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).not.toMatch(/<script|<img|<link/);
  });

  it('takes the payment and sends the buyer on, with the session id in the URL', async () => {
    const { id, url } = await newSession();
    const answer = await submit(`${url}?action=pay`);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`http://127.0.0.1:9/success?session_id=${id}`);
    expect(await platform.stripe.checkout.sessions.retrieve(id)).toMatchObject({ payment_status: 'paid' });
    const twice = await submit(`${url}?action=pay`);
    expect(twice.status).toBe(400);
    expect(await twice.text()).toContain('can no longer be paid');
  });

  it('declines, shows why, and lets the buyer try again', async () => {
    const { id, url } = await newSession();
    const declined = await submit(`${url}?action=decline`);
    expect(new URL(declined.headers.get('location')!, url).href).toBe(url);
    expect(await (await open(url)).text()).toContain('Your card was declined. You can try again.');
    await submit(`${url}?action=pay`);
    expect(await platform.stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: 'complete' });
  });

  it('takes a delayed payment and decides on it later', async () => {
    const { id, url } = await newSession();
    expect((await submit(`${url}?action=delayed`)).headers.get('location')).toContain('/success');
    expect(await (await open(url)).text()).toContain('The money arrives');
    await submit(`${url}?action=settle-succeeded`);
    expect(await platform.stripe.checkout.sessions.retrieve(id)).toMatchObject({ payment_status: 'paid' });
  });

  it('lets a session expire and says so', async () => {
    const { url } = await newSession();
    await submit(`${url}?action=expire`);
    const page = await (await open(url)).text();
    expect(page).toContain('has expired');
    expect(page).not.toContain('action=pay');
  });

  it('knows no other sessions', async () => {
    expect((await open(`${platform.local.url}/pay/cs_test_none`)).status).toBe(404);
    expect((await open(`${platform.local.url}/nothing`)).status).toBe(404);
  });

  it('offers no delayed method where the session takes cards alone', async () => {
    const { id, url } = await newSession({ payment_method_types: ['card'] });
    expect(await (await open(url)).text()).not.toContain('delayed');
    await expect(platform.local.pay(id, { method: 'delayed' })).rejects.toThrow('takes no delayed payment');
  });
});

describe('the page that producers onboard on', () => {
  it('works once, then sends them for a new link', async () => {
    const account = await platform.stripe.accounts.create({ type: 'express' });
    const link = await platform.stripe.accountLinks.create({
      account: account.id,
      type: 'account_onboarding',
      refresh_url: 'http://127.0.0.1:9/refresh',
      return_url: 'http://127.0.0.1:9/return',
    });
    expect((await open(link.url)).status).toBe(200);
    const again = await open(link.url);
    expect(again.headers.get('location')).toBe('http://127.0.0.1:9/refresh');
    const done = await submit(`${link.url}&action=complete`);
    expect(done.headers.get('location')).toBe('http://127.0.0.1:9/return');
    expect(await platform.stripe.accounts.retrieve(account.id)).toMatchObject({ charges_enabled: true });
  });

  it('may be left without finishing', async () => {
    const account = await platform.stripe.accounts.create({ type: 'express' });
    const link = await platform.stripe.accountLinks.create({
      account: account.id,
      type: 'account_onboarding',
      refresh_url: 'http://127.0.0.1:9/refresh',
      return_url: 'http://127.0.0.1:9/return',
    });
    await submit(`${link.url}&action=leave`);
    expect(await platform.stripe.accounts.retrieve(account.id)).toMatchObject({ charges_enabled: false });
    expect((await open(`${platform.local.url}/onboarding/${account.id}?link=guessed`)).status).toBe(404);
  });
});

describe('the page of a charge', () => {
  const change = (chargeId: string, form: Record<string, string>) =>
    fetch(`${platform.local.url}/payments/${chargeId}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      redirect: 'manual',
    });

  it('refunds in part and in whole, from the destination and the fee too', async () => {
    const { chargeId } = await paidSession(platform);
    expect(await (await fetch(`${platform.local.url}/`)).text()).toContain(`/payments/${chargeId}`);
    const answer = await change(chargeId, { action: 'refund', amount: '1000' });
    expect(answer.headers.get('location')).toBe(`/payments/${chargeId}`);
    const part = await platform.stripe.charges.retrieve(chargeId, {
      expand: ['transfer', 'application_fee'],
    });
    expect(part).toMatchObject({
      amount_refunded: 1000,
      transfer: { amount_reversed: 1000 },
      application_fee: { amount_refunded: 100 },
    });
    await change(chargeId, { action: 'refund', amount: '' });
    expect(await platform.stripe.charges.retrieve(chargeId)).toMatchObject({ refunded: true });
    const tooMuch = await change(chargeId, { action: 'refund', amount: '1' });
    expect(tooMuch.status).toBe(400);
    expect(await tooMuch.text()).toContain('has already been refunded');
  });

  it('decides on refunds that wait', async () => {
    const { chargeId } = await paidSession(platform);
    await platform.local.holdRefunds(true);
    await change(chargeId, { action: 'refund', amount: '1000' });
    await platform.local.holdRefunds(false);
    const [refund] = (await platform.stripe.refunds.list({ charge: chargeId })).data;
    expect(refund).toMatchObject({ status: 'pending' });
    expect(await (await fetch(`${platform.local.url}/payments/${chargeId}`)).text()).toContain(refund!.id);
    await change(chargeId, { action: 'refund-fails', object: refund!.id });
    expect(await platform.stripe.refunds.retrieve(refund!.id)).toMatchObject({ status: 'failed' });
    expect(await platform.stripe.charges.retrieve(chargeId)).toMatchObject({ amount_refunded: 0 });
  });

  it.each([
    [['inquire', 'escalate', 'dispute-lost'], 'lost'],
    [['inquire', 'dispute-won'], 'warning_closed'],
    [['dispute', 'dispute-won'], 'won'],
  ])('takes a dispute through %j to %s', async (actions, status) => {
    const { chargeId } = await paidSession(platform);
    for (const action of actions) {
      const [dispute] = (await platform.stripe.disputes.list({ charge: chargeId })).data;
      const page = await (await fetch(`${platform.local.url}/payments/${chargeId}`)).text();
      expect(page).toContain(`data-testid="${action}"`);
      expect((await change(chargeId, { action, object: dispute?.id ?? '' })).status).toBe(303);
    }
    const { data } = await platform.stripe.disputes.list({ charge: chargeId });
    expect(data).toMatchObject([{ status }]);
  });

  it.each([
    { action: 'refund', amount: 'all' },
    { action: 'fly', amount: '1' },
  ])('refuses %j', async (form) => {
    const { chargeId } = await paidSession(platform);
    expect((await change(chargeId, form)).status).toBe(400);
    expect((await change('ch_none', form)).status).toBe(404);
    expect(await platform.stripe.charges.retrieve(chargeId)).toMatchObject({ amount_refunded: 0 });
  });
});

describe('the control surface over HTTP', () => {
  it('does what it does in the process', async () => {
    const remote = connectLocalStripe(platform.local.url);
    const { id } = await newSession();
    expect(await remote.pay(id)).toMatchObject({ id, payment_status: 'paid' });
    await remote.webhooks.idle();
    const [attempt] = await remote.webhooks.attempts({ eventType: 'checkout.session.completed' });
    expect(attempt).toMatchObject({ delivered: true });
    await remote.faults.add({ kind: 'error', status: 503, times: 1 });
    expect(await refusal(platform.stripe.balance.retrieve())).toMatchObject({ statusCode: 503 });
    expect(await remote.requests({ path: '/v1/balance' })).toMatchObject([{ status: 503, fault: 'error' }]);
    await expect(remote.pay('cs_test_none')).rejects.toThrow("No such checkout.session: 'cs_test_none'");
  });

  it('refuses what it does not know', async () => {
    const answer = await fetch(`${platform.local.url}/_control/fly`, { method: 'POST', body: '[]' });
    expect(answer.status).toBe(404);
    const malformed = await fetch(`${platform.local.url}/_control/pay`, { method: 'POST', body: '{"a"' });
    expect(malformed.status).toBe(400);
    const names = (await (await fetch(`${platform.local.url}/_control/`)).json()) as { methods: string[] };
    expect(names.methods).toEqual(expect.arrayContaining(['pay', 'webhooks.pause', 'faults.add', 'reset']));
    expect(names.methods).not.toContain('close');
  });

  it('shows everything on one page, and the requests on another', async () => {
    const { id } = await newSession();
    expect(await (await fetch(`${platform.local.url}/`)).text()).toContain(`/pay/${id}`);
    expect(await (await fetch(`${platform.local.url}/requests`)).text()).toContain('/v1/checkout/sessions');
  });

  it('forgets everything on reset but the webhook endpoints', async () => {
    const { id } = await newSession();
    await connectLocalStripe(platform.local.url).reset();
    expect(await refusal(platform.stripe.checkout.sessions.retrieve(id))).toMatchObject({ statusCode: 404 });
    expect((await platform.stripe.webhookEndpoints.list()).data).toHaveLength(2);
  });
});
