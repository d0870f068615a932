import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Stripe from 'stripe';
import { newId } from '../state/ids.js';
import type { Undelivered } from '../state/saved-state.js';
import type { DeliveryAttempt } from './attempt.js';
import type { WebhookEndpoints, WebhookTarget } from './endpoints.js';
import { type Agents, post } from './post.js';
import { inOrder, type ReleaseOrder } from './release-order.js';

export interface DeliveryOptions {
  /** How long after a failed attempt the next one follows; as many retries as there are entries. */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
  /** Called when an event has arrived, or nobody tries any more. */
  readonly changed: () => void;
}

interface Job {
  readonly event: Stripe.Event;
  readonly target: WebhookTarget;
  readonly attempt: number;
}

const KEPT_ATTEMPTS = 20_000;
const SOCKETS_PER_HOST = 64;

/**
 * Tells the endpoints of events as Stripe does (https://docs.stripe.com/webhooks): a POST with the event
 * and a signature made at that moment, each event on its own and so in no promised order, again with
 * growing delays until it is answered 2xx.
 */
export class Deliveries {
  readonly #agents: Agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST }),
  };
  readonly #timers = new Map<NodeJS.Timeout, Job>();
  #abort = new AbortController();
  #attempts: DeliveryAttempt[] = [];
  /** Event and endpoint of every event that has arrived. */
  readonly #arrived = new Set<string>();
  #held: Job[] = [];
  #paused = false;
  #copies = 1;
  readonly #inFlight = new Set<Job>();
  #idleWaiters: Array<() => void> = [];

  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly options: DeliveryOptions,
  ) {}

  /** Takes a new event; the POST starts after the work that emitted it. */
  accept(event: Stripe.Event): void {
    const targets = this.endpoints.interestedIn(event);
    event.pending_webhooks = targets.length;
    for (const target of targets) {
      for (let copy = 0; copy < this.#copies; copy += 1) this.#schedule({ event, target, attempt: 1 });
    }
  }

  /** From here on nothing is sent, retries included, until `resume` or `deliver`. */
  pause(): void {
    this.#paused = true;
  }

  resume(order: ReleaseOrder = 'emitted'): void {
    this.#paused = false;
    const jobs = inOrder(this.#held, order);
    this.#held = [];
    for (const job of jobs) this.#schedule(job);
  }

  /** Events that wait because of `pause`, oldest first. */
  held(): Stripe.Event[] {
    return [...new Set(this.#held.map((job) => job.event))];
  }

  /** Throws away what waits, as if the endpoint had been unreachable until Stripe gave up. */
  discardHeld(): number {
    const count = this.#held.length;
    this.#held = [];
    this.options.changed();
    return count;
  }

  /** Every event is sent this often from now on. */
  copies(times: number): void {
    this.#copies = times;
  }

  /** Sends an event now, paused or not, and answers when every endpoint has; no retries. */
  async deliver(event: Stripe.Event): Promise<DeliveryAttempt[]> {
    this.#held = this.#held.filter((job) => job.event !== event);
    const targets = this.endpoints.interestedIn(event);
    return Promise.all(targets.map((target) => this.#send({ event, target, attempt: 1 }, false)));
  }

  /** Sends an event once more to one endpoint, as a new one would be sent. */
  resend(event: Stripe.Event, target: WebhookTarget): void {
    this.#schedule({ event, target, attempt: 1 });
  }

  attempts(): readonly DeliveryAttempt[] {
    return this.#attempts;
  }

  /** What still has to arrive: on its way, waiting for a retry, or held. */
  undelivered(): Undelivered[] {
    const jobs = [...this.#held, ...this.#timers.values(), ...this.#inFlight];
    return jobs.map(({ event, target }) => ({ event: event.id, url: target.endpoint.url }));
  }

  /** Goes on with what was undelivered when the last process ended, as far as such an endpoint exists now. */
  restore(undelivered: readonly Undelivered[], find: (id: string) => Stripe.Event | undefined): void {
    for (const { event: id, url } of undelivered) {
      const event = find(id);
      if (event === undefined) continue;
      const target = this.endpoints.interestedIn(event).find(({ endpoint }) => endpoint.url === url);
      if (target !== undefined) this.#schedule({ event, target, attempt: 1 });
    }
  }

  /** When nothing is on its way and no retry is due; what is held does not count. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Forgets everything and breaks off what is on its way. */
  reset(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    for (const timer of this.#timers.keys()) clearTimeout(timer);
    this.#timers.clear();
    this.#attempts = [];
    this.#arrived.clear();
    this.#held = [];
    this.#paused = false;
    this.#copies = 1;
    this.#settle();
  }

  close(): void {
    this.reset();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #schedule(job: Job, delayMs = 0): void {
    if (this.#paused) {
      this.#held.push(job);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#paused) this.#held.push(job);
      else void this.#send(job, true);
      this.#settle();
    }, delayMs);
    timer.unref();
    this.#timers.set(timer, job);
  }

  async #send(job: Job, mayRetry: boolean): Promise<DeliveryAttempt> {
    const { event, target } = job;
    const signal = this.#abort.signal;
    const body = JSON.stringify(event, null, 2);
    this.#inFlight.add(job);
    const answer = await post(
      target.endpoint.url,
      body,
      {
        Accept: '*/*; q=0.5, application/xml',
        'Content-Type': 'application/json; charset=utf-8',
        'Stripe-Signature': Stripe.webhooks.generateTestHeaderString({
          payload: body,
          secret: target.secret,
        }),
        'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
      this.#agents,
      signal,
      this.options.timeoutMs,
    );
    this.#inFlight.delete(job);
    const delivered = answer.status !== null && answer.status >= 200 && answer.status < 300;
    const attempt = this.#note(job, { ...answer, delivered }, signal.aborted);
    const delay = this.options.retryDelaysMs[job.attempt - 1];
    if (!delivered && mayRetry && !signal.aborted && delay !== undefined) {
      this.#schedule({ ...job, attempt: job.attempt + 1 }, delay);
    }
    this.#settle();
    this.options.changed();
    return attempt;
  }

  #note(
    { event, target, attempt }: Job,
    answer: Pick<DeliveryAttempt, 'status' | 'error' | 'delivered'>,
    forgotten: boolean,
  ): DeliveryAttempt {
    const endpointId = target.endpoint.id;
    const noted: DeliveryAttempt = {
      id: newId('wda_'),
      eventId: event.id,
      eventType: event.type,
      endpointId,
      url: target.endpoint.url,
      attempt,
      ...answer,
    };
    if (forgotten) return noted;
    const arrival = `${event.id} ${endpointId}`;
    if (answer.delivered && !this.#arrived.has(arrival)) {
      this.#arrived.add(arrival);
      event.pending_webhooks = Math.max(0, event.pending_webhooks - 1);
    }
    this.#attempts.push(noted);
    if (this.#attempts.length > KEPT_ATTEMPTS) this.#attempts.splice(0, KEPT_ATTEMPTS / 2);
    if (!answer.delivered) {
      this.options.log(
        `webhook ${event.type} to ${target.endpoint.url}: ${answer.error ?? `answered ${answer.status}`}`,
      );
    }
    return noted;
  }

  #isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#timers.size === 0;
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
