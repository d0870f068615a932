import type Stripe from 'stripe';
import { html } from './html.js';
import { layout } from './layout.js';

/** What a producer sees under an account link's URL. */
export function onboardingPage(account: Stripe.Account, link: string): string {
  const due = account.requirements?.currently_due ?? [];
  return layout({
    title: 'Set up your account',
    body: html`
<h1>Set up payments for ${account.business_profile?.name ?? account.email ?? account.id}</h1>
<div class="card">
<p>Stripe would ask for these here:</p>
<ul>${due.map((field) => html`<li><code>${field}</code></li>`)}</ul>
<form method="post" action="?link=${link}&amp;action=complete">
<button type="submit" class="primary" data-testid="complete">Fill in everything and finish</button></form>
<form method="post" action="?link=${link}&amp;action=leave">
<button type="submit" data-testid="leave">Leave without finishing</button></form>
</div>
<p class="soft">Account <code>${account.id}</code></p>`,
  });
}

export function accountPage(account: Stripe.Account): string {
  return layout({
    title: account.id,
    body: html`
<h1>${account.business_profile?.name ?? account.email ?? account.id}</h1>
<div class="card"><table>
<tr><th>Charges enabled</th><td>${String(account.charges_enabled)}</td></tr>
<tr><th>Payouts enabled</th><td>${String(account.payouts_enabled)}</td></tr>
<tr><th>Details submitted</th><td>${String(account.details_submitted)}</td></tr>
<tr><th>Capabilities</th><td>${Object.entries(account.capabilities ?? {})
      .map(([name, status]) => `${name}: ${String(status)}`)
      .join(', ')}</td></tr>
</table></div>
<p class="soft">Account <code>${account.id}</code> · <a href="/">everything in this Stripe</a></p>`,
  });
}
