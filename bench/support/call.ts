import type { Call } from '../../dev/seller.js';

/** Sends single operations, for what is prepared before anything is measured. Throws when the answer has errors. */
export function callTo(server: { readonly url: string }, token?: string): Call {
  return async <Data>(query: string, variables: Readonly<Record<string, unknown>>) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
    if (errors || !data) throw new Error(`${server.url} answered ${JSON.stringify(errors)}`);
    return data;
  };
}
