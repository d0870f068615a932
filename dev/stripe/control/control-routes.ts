import type { IncomingMessage, ServerResponse } from 'node:http';
import { StripeFailure, unknownUrl } from '../wire/errors.js';
import { readBody, sendJson } from '../wire/exchange.js';
import type { LocalStripeControl } from './control.js';

/** A method of the control surface by its dotted name, as `POST /_control/<name>` calls it. */
type Method = (...values: never[]) => Promise<unknown>;

/**
 * The control surface over HTTP: `POST /_control/pay` with a JSON list of arguments, `["cs_test_…"]`;
 * methods of `webhooks` and `faults` as `/_control/webhooks.pause`. Answers `{"result": …}`, or an error
 * as the API does. `GET /_control/` lists the names.
 */
export async function handleControl(
  control: LocalStripeControl,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const methods = methodsOf(control);
  const name = url.pathname.slice('/_control/'.length);
  try {
    if (request.method === 'GET' && name === '') {
      return sendJson(response, 200, JSON.stringify({ methods: [...methods.keys()] }));
    }
    const method = request.method === 'POST' ? methods.get(name) : undefined;
    if (method === undefined) throw unknownUrl(request.method ?? 'GET', url.pathname);
    const values = readArguments(await readBody(request));
    const result = (await method(...(values as never[]))) ?? null;
    sendJson(response, 200, JSON.stringify({ result }));
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    sendJson(response, error.status, JSON.stringify({ error: error.body }));
  }
}

function methodsOf(control: LocalStripeControl): Map<string, Method> {
  const methods = new Map<string, Method>();
  const groups = { '': control, 'webhooks.': control.webhooks, 'faults.': control.faults };
  for (const [prefix, group] of Object.entries(groups)) {
    for (const [name, value] of Object.entries(group)) {
      if (typeof value === 'function') methods.set(`${prefix}${name}`, value as Method);
    }
  }
  return methods;
}

function readArguments(body: string): unknown[] {
  if (body === '') return [];
  let values: unknown;
  try {
    values = JSON.parse(body);
  } catch {
    throw badArguments();
  }
  if (!Array.isArray(values)) throw badArguments();
  return values;
}

function badArguments() {
  return new StripeFailure(400, {
    type: 'invalid_request_error',
    message: 'The body is a JSON list of arguments, such as ["cs_test_1", {"method": "delayed"}].',
  });
}
