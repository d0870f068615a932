import type Stripe from 'stripe';
import { isDelayedMethod } from '../resources/checkout-rules.js';
import { formatAmount } from '../state/currencies.js';
import type { World } from '../state/world.js';
import { type Html, html } from './html.js';
import { layout } from './layout.js';

type Session = Stripe.Checkout.Session;

/** What the buyer sees under `session.url`: the bill, and every way a payment can go. */
export function payPage(world: World, session: Session, refusal: string | null = null): string {
  const total = formatAmount(session.amount_total!, session.currency!);
  return layout({
    title: `Pay ${total}`,
    body: html`
<h1>${world.store.plans.get(session.id)?.description ?? 'Checkout'}</h1>
<div class="card">
<p class="soft">Total</p>
<p class="total" data-testid="total">${total}</p>
${lineItems(world, session)}
${session.customer_email === null ? null : html`<p class="soft">${session.customer_email}</p>`}
</div>
${message(world, session, refusal)}
${session.status === 'open' ? choices(session) : outcome(world, session)}
<p class="soft">Checkout Session <code>${session.id}</code><br>
Expires ${new Date(session.expires_at * 1000).toISOString()} · <a href="/">everything in this Stripe</a></p>`,
  });
}

/** Stripe's page says that the link leads nowhere; so does this one. */
export function noSessionPage(): string {
  return layout({
    title: 'Not found',
    body: html`<h1>Something went wrong</h1>
<p>The page you were looking for could not be found. Please check the URL.</p>`,
  });
}

function lineItems(world: World, session: Session): Html {
  const items = [...(world.store.lineItems.get(session.id)?.newestFirst() ?? [])].reverse();
  const rows = items.map(
    (item) => html`<tr><td>${item.description} <span class="soft">× ${item.quantity}</span></td>
<td class="amount">${formatAmount(item.amount_total, item.currency)}</td></tr>`,
  );
  return html`<table>${rows}</table>`;
}

function message(world: World, session: Session, refusal: string | null): Html | null {
  if (refusal !== null) return html`<p class="bad" role="alert">${refusal}</p>`;
  if (session.status !== 'open' || typeof session.payment_intent !== 'string') return null;
  const error = world.store.paymentIntents.get(session.payment_intent)?.last_payment_error;
  if (error === null || error === undefined) return null;
  return html`<p class="bad" role="alert">${error.message} You can try again.</p>`;
}

function choices(session: Session): Html {
  const types = session.payment_method_types;
  const delayed = types.find(isDelayedMethod);
  const free = session.amount_total === 0;
  return html`<div class="card">
${free || types.includes('card') ? action('pay', free ? 'Complete the order' : 'Pay by card', true) : null}
${!free && types.includes('card') ? action('decline', 'Pay by a card that is declined') : null}
${free || delayed === undefined ? null : action('delayed', `Pay by a delayed method (${delayed})`)}
${action('expire', 'Let it expire')}
${session.cancel_url === null ? null : html`<p><a href="${session.cancel_url}">Back</a></p>`}
</div>`;
}

function outcome(world: World, session: Session): Html {
  if (session.status === 'expired') {
    return html`<div class="card"><p class="bad">This Checkout Session has expired.</p>
${session.cancel_url === null ? null : html`<p><a href="${session.cancel_url}">Back</a></p>`}</div>`;
  }
  const onward = html`<p><a href="${successUrl(session)}">Continue</a></p>`;
  if (session.payment_status !== 'unpaid') {
    return html`<div class="card"><p class="good">This Checkout Session is paid.</p>${onward}</div>`;
  }
  const intent = world.store.paymentIntents.get(session.payment_intent as string);
  if (intent?.status !== 'processing') {
    return html`<div class="card"><p class="bad">The bank refused this payment.</p>${onward}</div>`;
  }
  return html`<div class="card"><p>The bank has not decided on this payment yet.</p>
${action('settle-succeeded', 'The money arrives', true)}
${action('settle-failed', 'The payment fails')}
${onward}</div>`;
}

function action(name: string, label: string, primary = false): Html {
  return html`<form method="post" action="?action=${name}">
<button type="submit"${primary ? PRIMARY : null} data-testid="${name}">${label}</button></form>`;
}

const PRIMARY = html` class="primary"`;

/** "{CHECKOUT_SESSION_ID}" is replaced (https://docs.stripe.com/payments/checkout/custom-success-page). */
export function successUrl(session: Session): string {
  return (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}
