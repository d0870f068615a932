import type { IncomingMessage, ServerResponse } from 'node:http';
import { completeOnboarding } from '../actions/accounts.js';
import { decline, pay, settleDelayed } from '../actions/payments.js';
import { expireSession, mustFindSession } from '../actions/sessions.js';
import type { RequestLog } from '../control/request-log.js';
import { now, type World } from '../state/world.js';
import type { Deliveries } from '../webhooks/deliveries.js';
import { StripeFailure } from '../wire/errors.js';
import { readBody } from '../wire/exchange.js';
import { changeCharge } from './charge-actions.js';
import { chargePage } from './charge-page.js';
import { indexPage, requestsPage } from './index-page.js';
import { accountPage, onboardingPage } from './onboarding-page.js';
import { noSessionPage, payPage, successUrl } from './pay-page.js';

interface Parts {
  readonly world: World;
  readonly requests: RequestLog;
  readonly deliveries: Deliveries;
  /** Saves what a visit has changed. */
  readonly save: () => Promise<void>;
}

/** A page to show, or a place to go on to. */
type Reply = { readonly status: number; readonly page: string } | { readonly location: string };

/** The pages that people open: paying, onboarding, and an overview. */
export async function handlePage(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const isPost = request.method === 'POST';
  const form = new URLSearchParams(isPost ? await readBody(request) : '');
  const reply = replyTo(parts, isPost, url, form);
  await parts.save();
  send(response, reply);
}

function replyTo(
  { world, requests, deliveries }: Parts,
  isPost: boolean,
  url: URL,
  form: URLSearchParams,
): Reply {
  const [, folder = '', id = ''] = url.pathname.split('/');
  const action = isPost ? url.searchParams.get('action') : null;
  switch (folder) {
    case '':
      return show(indexPage(world, deliveries));
    case 'requests':
      return show(requestsPage(requests));
    case 'pay':
      return replyToBuyer(world, id, action);
    case 'payments':
      return replyAboutCharge(world, id, form);
    case 'onboarding':
      return replyToProducer(world, id, url.searchParams.get('link') ?? '', action);
    case 'accounts': {
      const account = world.store.accounts.get(id);
      return account === undefined ? notFound() : show(accountPage(account));
    }
    default:
      return notFound();
  }
}

function replyToBuyer(world: World, id: string, action: string | null): Reply {
  if (world.store.sessions.get(id) === undefined) return notFound();
  const session = mustFindSession(world, id);
  try {
    return action === null ? show(payPage(world, session)) : { location: perform(world, id, action) };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return { status: error.status, page: payPage(world, session, error.message) };
  }
}

/** @returns where the buyer goes next */
function perform(world: World, id: string, action: string): string {
  switch (action) {
    case 'pay':
      return successUrl(pay(world, id));
    case 'delayed':
      return successUrl(pay(world, id, { method: 'delayed' }));
    case 'decline':
      decline(world, id);
      break;
    case 'expire':
      expireSession(world, id);
      break;
    case 'settle-succeeded':
      settleDelayed(world, id, 'succeeded');
      break;
    case 'settle-failed':
      settleDelayed(world, id, 'failed');
      break;
  }
  return `/pay/${id}`;
}

/** Where the platform's own people and the banks do what they do at Stripe itself. */
function replyAboutCharge(world: World, id: string, form: URLSearchParams): Reply {
  const charge = world.store.charges.get(id);
  if (charge === undefined) return notFound();
  const action = form.get('action');
  if (action === null) return show(chargePage(world, charge));
  try {
    changeCharge(world, charge, action, form);
    return { location: `/payments/${id}` };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return { status: error.status, page: chargePage(world, charge, error.message) };
  }
}

/** A link works once and for minutes; after that the platform is asked for a new one (`refresh_url`). */
function replyToProducer(world: World, id: string, token: string, action: string | null): Reply {
  const link = world.store.onboardingLinks.get(token);
  const account = world.store.accounts.get(id);
  if (link === undefined || account === undefined || link.account !== id) return notFound();
  if (action === 'complete') {
    if (!account.details_submitted) completeOnboarding(world, id);
    return { location: link.returnUrl };
  }
  if (action === 'leave') return { location: link.returnUrl };
  if (link.visited || link.expiresAt <= now()) return { location: link.refreshUrl };
  link.visited = true;
  return show(onboardingPage(account, token));
}

function show(page: string): Reply {
  return { status: 200, page };
}

function notFound(): Reply {
  return { status: 404, page: noSessionPage() };
}

function send(response: ServerResponse, reply: Reply): void {
  if ('location' in reply) {
    response.writeHead(303, { Location: reply.location, 'Content-Length': 0 }).end();
    return;
  }
  response.writeHead(reply.status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(reply.page),
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(reply.page);
}
