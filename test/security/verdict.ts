/** What came back of a request; over a WebSocket, the text of one message. */
export interface Answered {
  /** Of HTTP. */
  readonly status?: number;
  readonly text: string;
}

/** Where code stands on the server, or a stack trace of it. */
const INTERNALS =
  /\n\s+at .+:\d+|\bat [\w.<> ]+ \(|node_modules|stacktrace|file:\/\/|\/(src|dist)\/\w+\.[jt]s/;

/** What no answer may be, whatever was asked: undefined for one that is in order. */
export function breachOf({ status = 200, text }: Answered): string | undefined {
  // 503 says "not now" on purpose, and is no failure of ours.
  if (status >= 500 && status !== 503) return `It was answered with ${status}: ${text.slice(0, 500)}`;
  if (text.includes('INTERNAL_SERVER_ERROR')) return `It failed inside the server: ${text.slice(0, 500)}`;
  const internals = INTERNALS.exec(text);
  return internals ? `An answer tells of the server's inside: ${internals[0]}` : undefined;
}
