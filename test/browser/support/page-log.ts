import type { Page } from 'playwright-core';

/** What went wrong in a page since it was opened; a page that works leaves all of it empty. */
export interface PageLog {
  /** Requests without an answer, and those with an answer of 400 and above. */
  readonly failed: string[];
  /** Requests and WebSockets to any origin but the server's own. */
  readonly foreign: string[];
  /** Uncaught errors, and what the console shows as errors: violations of the content security policy too. */
  readonly errors: string[];
  readonly webSockets: string[];
}

/** Has to be called before the page goes anywhere. */
export function watchPage(page: Page, origin: string): PageLog {
  const log: PageLog = { failed: [], foreign: [], errors: [], webSockets: [] };
  const own = new URL(origin).host;
  const noteForeign = (url: string): void => {
    if (!/^(data|blob):/.test(url) && new URL(url).host !== own) log.foreign.push(url);
  };
  page.on('request', (request) => noteForeign(request.url()));
  page.on('requestfailed', (request) => log.failed.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400) log.failed.push(`${response.url()} ${response.status()}`);
  });
  page.on('websocket', (socket) => {
    noteForeign(socket.url());
    log.webSockets.push(socket.url());
  });
  page.on('pageerror', (error) => log.errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') log.errors.push(message.text());
  });
  return log;
}
