/** What came back of a request; over a WebSocket, the text of one message. */
export interface Answered {
  /** Of HTTP. */
  readonly status?: number;
  /** That was asked for, without its query; needed where 503 is an answer. */
  readonly path?: string;
  readonly text: string;
}

/** Where code stands on the server, or a stack trace of it. */
const INTERNALS =
  /\n\s+at .+:\d+|\bat [\w.<> ]+ \(|node_modules|stacktrace|file:\/\/|\/(src|dist)\/\w+\.[jt]s/;

/**
 * Where 503 says "not now" on purpose: GraphiQL that was not built, and a buyer's return while Stripe does not answer.
 * Webhooks are not among them: PostgreSQL and Stripe are there in every attack, so each event can be applied.
 */
const MAY_SAY_NOT_NOW = /^\/(graphiql(\/.*)?|checkout\/success)$/;

/** What no answer may be, whatever was asked: undefined for one that is in order. */
export function breachOf({ status = 200, path = '', text }: Answered): string | undefined {
  const isMeant = status === 503 && MAY_SAY_NOT_NOW.test(path);
  if (status >= 500 && !isMeant) return `It was answered with ${status}: ${text.slice(0, 500)}`;
  if (text.includes('INTERNAL_SERVER_ERROR')) return `It failed inside the server: ${text.slice(0, 500)}`;
  const internals = INTERNALS.exec(text);
  return internals ? `An answer tells of the server's inside: ${internals[0]}` : undefined;
}
