import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';

/**
 * A transaction whose statements are sent without waiting for the answers to those before. PostgreSQL carries them
 * out in the order they were sent, and refuses all that come after one that failed. What is sent in one turn of the
 * event loop goes out in one packet.
 *
 * MikroORM takes it for the transaction that its own statements belong to.
 */
export class Pipeline {
  private readonly answers: Promise<unknown>[] = [];
  private readonly stream: { cork(): void; uncork(): void };
  private isCorked = false;
  /** Why nothing more may be sent: after a `begin` that failed, each statement would be committed by itself. */
  private refusal: { readonly reason: unknown } | undefined;

  /** @param client of a pool whose clients send without waiting (`pipeline` in their options) */
  constructor(private readonly client: PoolClient) {
    this.stream = (client as unknown as { connection: { stream: Pipeline['stream'] } }).connection.stream;
  }

  /** Sends a statement. Whoever does not wait for its answer hears of its failure from `answered`. */
  query<Row extends QueryResultRow>(query: string | QueryConfig): Promise<QueryResult<Row>> {
    const answer =
      this.refusal === undefined
        ? this.send<Row>(query)
        : Promise.reject<QueryResult<Row>>(this.refusal.reason);
    answer.catch((reason: unknown) => {
      this.refusal ??= { reason };
    });
    this.answers.push(answer);
    return answer;
  }

  /** Nothing is sent after this, by whoever has not heard of it. */
  async rollback(): Promise<void> {
    this.refusal ??= { reason: new Error('The transaction has ended') };
    await this.send('rollback');
  }

  private send<Row extends QueryResultRow>(query: string | QueryConfig): Promise<QueryResult<Row>> {
    this.cork();
    return this.client.query<Row>(query);
  }

  /** How MikroORM sends what it has written the values into. */
  async executeQuery({ sql }: { readonly sql: string }) {
    const { rows, rowCount } = await this.query(sql);
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  /** Once all that was sent is answered. @throws the first failure; what follows it only follows from it */
  async answered(): Promise<void> {
    const first = (await Promise.allSettled(this.answers.splice(0))).find(
      ({ status }) => status === 'rejected',
    );
    if (first?.status === 'rejected') throw first.reason;
  }

  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.stream.cork();
    process.nextTick(() => {
      this.isCorked = false;
      this.stream.uncork();
    });
  }
}
