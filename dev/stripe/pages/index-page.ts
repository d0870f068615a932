import type Stripe from 'stripe';
import type { RequestLog } from '../control/request-log.js';
import { formatAmount } from '../state/currencies.js';
import type { World } from '../state/world.js';
import type { Deliveries } from '../webhooks/deliveries.js';
import { type Html, html } from './html.js';
import { layout } from './layout.js';

const SHOWN = 50;

/** Everything that happened lately, newest first. */
export function indexPage(world: World, deliveries: Deliveries): string {
  return layout({
    title: 'Local Stripe',
    wide: true,
    body: html`<h1>Local Stripe</h1>
<p class="soft">The newest ${SHOWN} of each. <a href="/requests">API requests</a></p>
<h2>Checkout Sessions</h2>
${table(['Session', 'For', 'Total', 'Status'], newest(world.store.sessions.newestFirst(), sessionRow(world)))}
<h2>Charges</h2>
${table(['Charge', 'For', 'Amount', 'Status'], newest(world.store.charges.newestFirst(), chargeRow))}
<h2>Accounts</h2>
${table(['Account', 'Name', 'Charges'], newest(world.store.accounts.newestFirst(), accountRow))}
<h2>Events</h2>
${table(['Event', 'Type', 'When', 'Undelivered to'], newest(world.store.events.newestFirst(), eventRow))}
<h2>Webhook attempts</h2>
${table(['Event', 'To', 'Attempt', 'Answer'], newest([...deliveries.attempts()].reverse(), attemptRow))}`,
  });
}

export function requestsPage(requests: RequestLog): string {
  const rows = newest(
    requests.find().reverse(),
    (request) => html`<tr id="${request.id}"><td class="short"><code>${request.id}</code></td>
<td class="short">${request.method} ${request.path}</td>
<td>${request.status ?? 'none'}${request.replayed ? ' (replayed)' : ''} ${request.fault}</td>
<td><code>${JSON.stringify(request.params)}</code></td></tr>`,
  );
  return layout({
    title: 'API requests',
    wide: true,
    body: html`<h1>API requests</h1><p><a href="/">Back</a></p>
${table(['Request', 'What', 'Answer', 'Parameters'], rows)}`,
  });
}

function sessionRow(world: World) {
  return (session: Stripe.Checkout.Session): Html => html`<tr>
<td><a href="/pay/${session.id}"><code>${session.id.slice(0, 24)}…</code></a></td>
<td>${world.store.plans.get(session.id)?.description} <span class="soft">${session.customer_email}</span></td>
<td>${formatAmount(session.amount_total!, session.currency!)}</td>
<td>${session.status}, ${session.payment_status}</td></tr>`;
}

function chargeRow(charge: Stripe.Charge): Html {
  const refunded =
    charge.amount_refunded === 0 ? '' : `, ${formatAmount(charge.amount_refunded, charge.currency)} refunded`;
  return html`<tr><td><a href="/payments/${charge.id}"><code>${charge.id}</code></a></td>
<td>${charge.description} <span class="soft">${charge.billing_details.email}</span></td>
<td>${formatAmount(charge.amount, charge.currency)}</td>
<td>${charge.status}${refunded}${charge.disputed ? ', disputed' : ''}</td></tr>`;
}

function accountRow(account: Stripe.Account): Html {
  return html`<tr><td><a href="/accounts/${account.id}"><code>${account.id}</code></a></td>
<td>${account.business_profile?.name ?? account.email}</td>
<td>${account.charges_enabled ? 'enabled' : 'disabled'}</td></tr>`;
}

function eventRow(event: Stripe.Event): Html {
  return html`<tr><td class="short"><code>${event.id}</code></td><td>${event.type}</td>
<td class="short">${new Date(event.created * 1000).toISOString()}</td><td>${event.pending_webhooks}</td></tr>`;
}

function attemptRow(attempt: ReturnType<Deliveries['attempts']>[number]): Html {
  return html`<tr><td>${attempt.eventType}<br><code>${attempt.eventId}</code></td><td>${attempt.url}</td>
<td>${attempt.attempt}</td><td>${attempt.status ?? attempt.error}</td></tr>`;
}

function newest<T>(items: Iterable<T>, row: (item: T) => Html): Html[] {
  const rows: Html[] = [];
  for (const item of items) {
    if (rows.push(row(item)) === SHOWN) break;
  }
  return rows;
}

function table(headings: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p class="soft">None.</p>`;
  return html`<div class="card"><table><tr>${headings.map((heading) => html`<th>${heading}</th>`)}</tr>
${rows}</table></div>`;
}
