import type Stripe from 'stripe';
import { formatAmount } from '../state/currencies.js';
import type { World } from '../state/world.js';
import { type Html, html } from './html.js';
import { layout } from './layout.js';

/** A charge with its refunds and disputes, and what may become of them. */
export function chargePage(world: World, charge: Stripe.Charge, refusal: string | null = null): string {
  const disputes = world.store.disputes.filter((dispute) => dispute.charge === charge.id);
  const left = charge.amount - charge.amount_refunded;
  return layout({
    title: charge.id,
    body: html`
<h1>${charge.description ?? 'Charge'}</h1>
${refusal === null ? null : html`<p class="bad" role="alert">${refusal}</p>`}
<div class="card">
<p class="total" data-testid="amount">${formatAmount(charge.amount, charge.currency)}</p>
<p class="soft">${charge.status}; ${formatAmount(charge.amount_refunded, charge.currency)} refunded</p>
${charge.status === 'succeeded' && left > 0 ? refundForm(charge, left) : null}
${charge.status === 'succeeded' && !charge.disputed ? disputeForms() : null}
</div>
${(world.store.refundsOfCharge.get(charge.id) ?? []).map(refundCard)}
${disputes.map(disputeCard)}
<p class="soft">Charge <code>${charge.id}</code>, PaymentIntent <code>${String(charge.payment_intent)}</code><br>
<a href="/">everything in this Stripe</a></p>`,
  });
}

function refundForm(charge: Stripe.Charge, left: number): Html {
  return html`<form method="post">
<input type="hidden" name="action" value="refund">
<label>Refund, in minor units of ${charge.currency.toUpperCase()}
<input name="amount" inputmode="numeric" pattern="[0-9]*" placeholder="${left}"></label>
<button type="submit" data-testid="refund">Refund</button></form>`;
}

function disputeForms(): Html[] {
  return [button('dispute', 'The buyer disputes it'), button('inquire', "The buyer's bank inquires")];
}

function refundCard(refund: Stripe.Refund): Html {
  return html`<div class="card">
<p>Refund of ${formatAmount(refund.amount, refund.currency)}: ${refund.status} ${refund.failure_reason}</p>
${refund.status === 'pending' ? button('refund-succeeds', 'The bank takes it', refund.id) : null}
${refund.status === 'failed' ? null : button('refund-fails', 'The bank sends it back', refund.id)}
<p class="soft"><code>${refund.id}</code></p></div>`;
}

function disputeCard(dispute: Stripe.Dispute): Html {
  return html`<div class="card">
<p>Dispute over ${formatAmount(dispute.amount, dispute.currency)}, ${dispute.reason}: ${dispute.status}</p>
${disputeChoices(dispute)}
<p class="soft"><code>${dispute.id}</code></p></div>`;
}

function disputeChoices(dispute: Stripe.Dispute): Html[] {
  switch (dispute.status) {
    case 'needs_response':
    case 'under_review':
      return [
        button('dispute-won', 'The platform wins', dispute.id),
        button('dispute-lost', 'The platform loses', dispute.id),
      ];
    case 'warning_needs_response':
    case 'warning_under_review':
      return [
        button('escalate', 'It becomes a dispute', dispute.id),
        button('dispute-won', 'The bank is content', dispute.id),
      ];
    default:
      return [];
  }
}

function button(action: string, label: string, object = ''): Html {
  return html`<form method="post">
<input type="hidden" name="action" value="${action}"><input type="hidden" name="object" value="${object}">
<button type="submit" data-testid="${action}">${label}</button></form>`;
}
