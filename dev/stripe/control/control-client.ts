import type { LocalStripeControl } from './control.js';

interface Reply {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** The control surface of a local Stripe that another process runs, by the URL that it printed. */
export function connectLocalStripe(url: string): LocalStripeControl {
  const base = url.replace(/\/+$/, '');
  const call = async (name: string, values: readonly unknown[]): Promise<unknown> => {
    const response = await fetch(`${base}/_control/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(values),
    });
    const reply = (await response.json()) as Reply;
    if (reply.error !== undefined) throw new Error(reply.error.message);
    return reply.result ?? undefined;
  };
  const group = (prefix: string, own: Readonly<Record<string, unknown>>) =>
    new Proxy(own, {
      get(target, name) {
        // `then` must stay absent: a group is not a promise, though `await` asks.
        if (typeof name !== 'string' || name === 'then') return undefined;
        if (name in target) return target[name];
        return (...values: unknown[]) => call(`${prefix}${name}`, values);
      },
    });
  return group('', {
    url: base,
    webhooks: group('webhooks.', {}),
    faults: group('faults.', {}),
  }) as unknown as LocalStripeControl;
}
