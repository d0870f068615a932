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

/** Something kept in memory that answers are made of. */
export interface Source {
  /** Rises whenever what it tells changes. */
  readonly version: number;
  /** Whether it may still be told at this instant of performance.now(). */
  isFresh(now: number): boolean;
  /** When the clock alone changes what it tells next, in milliseconds since the epoch; or infinity. */
  changesAt(now: Date): number;
}

/** Far more than any page shows. */
const MOST_OBJECTS = 20_000;
/** Twice what the largest page has where every show is described at the greatest length. */
const MOST_CHARACTERS = 2_000_000;

/** What one operation works with: its unit of work, its viewer, and its loaders. */
export class RequestContext {
  private unitOfWork: EntityManager | undefined;
  private readonly memory = new Map<unknown, unknown>();
  private objects = 0;
  private characters = 0;
  /** An object of its own: Apollo copies the context, and the copy is what resolvers see. */
  private readonly answer = { sources: new Map<Source, number>(), isPrivate: false, isWellFormed: false };

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

  /** What is read with it is for this operation alone. */
  get em(): EntityManager {
    this.keepPrivate();
    this.unitOfWork ??= this.newUnitOfWork();
    return this.unitOfWork;
  }

  /** What the answer was made of, each with its version then; undefined if there is anything private in it. */
  get sources(): ReadonlyMap<Source, number> | undefined {
    return this.answer.isPrivate ? undefined : this.answer.sources;
  }

  /** Notes that the answer is made of this, as it is now. */
  dependOn(source: Source): void {
    const { sources } = this.answer;
    if (!sources.has(source)) sources.set(source, source.version);
  }

  /** Whether what came by HTTP was a GraphQL request at all, whatever is wrong with the document. */
  get isWellFormed(): boolean {
    return this.answer.isWellFormed;
  }

  noteWellFormed(): void {
    this.answer.isWellFormed = true;
  }

  /** The answer is for whoever asked, and never for another. */
  keepPrivate(): void {
    this.answer.isPrivate = true;
  }

  /** @throws AppError UNAUTHENTICATED for a token that is invalid or expired; null without one */
  viewer(): Viewer | null {
    if (this.credentials.kind !== 'none') this.keepPrivate();
    return viewerOf(this.credentials);
  }

  /** @throws AppError UNAUTHENTICATED unless somebody is signed in */
  signedIn(): Viewer {
    this.keepPrivate();
    return signedIn(this.credentials);
  }

  /** What `make` made for this operation, made once; loaders live here. */
  use<Made>(make: (context: RequestContext) => Made): Made {
    if (!this.memory.has(make)) this.memory.set(make, make(this));
    return this.memory.get(make) as Made;
  }

  /** The same for a list that is still to come. */
  async counted<Row>(list: Promise<Row[]>): Promise<Row[]> {
    return this.count(await list);
  }

  /**
   * Counts the objects of a list that goes into the answer. Nesting multiplies: a document of a few
   * lines could else ask for more than fits into memory.
   *
   * @returns the list
   * @throws AppError BAD_USER_INPUT when there are too many
   */
  count<Rows extends readonly unknown[]>(rows: Rows): Rows {
    this.objects += rows.length;
    if (this.objects <= MOST_OBJECTS) return rows;
    throw new AppError('BAD_USER_INPUT', `An answer may have at most ${MOST_OBJECTS} objects; ask for less`, {
      field: 'query',
      limit: MOST_OBJECTS,
    });
  }

  /**
   * Counts the characters of a long text that goes into the answer.
   *
   * @returns the text; null once that there are too many was told: of a list, each place would tell it again
   * @throws AppError BAD_USER_INPUT when there are too many
   */
  countText(text: string): string | null {
    if (this.characters > MOST_CHARACTERS) return null;
    this.characters += text.length;
    if (this.characters <= MOST_CHARACTERS) return text;
    const most = MOST_CHARACTERS.toLocaleString('en-US');
    throw new AppError(
      'BAD_USER_INPUT',
      `An answer may have at most ${most} characters of long texts; ask for less`,
      { field: 'query', limit: MOST_CHARACTERS },
    );
  }

  /** Forgets what was read, before each mutation: it is old by then. */
  renew(): void {
    this.keepPrivate();
    this.unitOfWork = undefined;
    this.memory.clear();
    this.objects = 0;
  }

  /** The same before each message of a subscription, which is an answer of its own. */
  renewAnswer(): void {
    this.renew();
    this.characters = 0;
  }
}
