import type { EntityManager } from '@mikro-orm/postgresql';
import { type Credentials, signedIn, type Viewer, viewerOf } from '../accounts/viewer.js';
import { AppError } from '../errors.js';

/** Where subscriptions come from; type-graphql gives their functions nothing but the context. */
export interface Streams {
  inventoryChanged(context: RequestContext, showId: string): Promise<AsyncIterable<unknown>>;
  orderUpdated(
    context: RequestContext,
    id: string,
    accessToken: string | undefined,
  ): Promise<AsyncIterable<unknown>>;
}

/** Far more than any page shows. */
const MOST_OBJECTS = 20_000;

/** What one operation works with: its unit of work, its viewer, and its loaders. */
export class RequestContext {
  private unitOfWork: EntityManager | undefined;
  private readonly memory = new Map<unknown, unknown>();
  private objects = 0;

  constructor(
    private readonly newUnitOfWork: () => EntityManager,
    private readonly credentials: Credentials,
    readonly requestId: string,
    readonly streams: Streams,
    /** The client's address, as far as trusted proxies tell it. */
    readonly clientAddress: string,
    /** Aborted when the client has gone before it was answered; undefined where that cannot be known. */
    readonly signal?: AbortSignal,
  ) {}

  get em(): EntityManager {
    this.unitOfWork ??= this.newUnitOfWork();
    return this.unitOfWork;
  }

  /** @throws AppError UNAUTHENTICATED for a token that is invalid or expired; null without one */
  viewer(): Viewer | null {
    return viewerOf(this.credentials);
  }

  /** @throws AppError UNAUTHENTICATED unless somebody is signed in */
  signedIn(): Viewer {
    return signedIn(this.credentials);
  }

  /** What `make` made for this operation, made once; loaders live here. */
  use<Made>(make: (context: RequestContext) => Made): Made {
    if (!this.memory.has(make)) this.memory.set(make, make(this));
    return this.memory.get(make) as Made;
  }

  /**
   * Counts the objects of a list that goes into the answer. Nesting multiplies: a document of a few
   * lines could else ask for more than fits into memory.
   *
   * @throws AppError BAD_USER_INPUT when there are too many
   */
  async counted<Row>(list: Promise<Row[]>): Promise<Row[]> {
    const rows = await list;
    this.objects += rows.length;
    if (this.objects <= MOST_OBJECTS) return rows;
    throw new AppError('BAD_USER_INPUT', `An answer may have at most ${MOST_OBJECTS} objects; ask for less`, {
      field: 'query',
      limit: MOST_OBJECTS,
    });
  }

  /** Forgets what was read, before each mutation and each message of a subscription: it is old by then. */
  renew(): void {
    this.unitOfWork = undefined;
    this.memory.clear();
    this.objects = 0;
  }
}
