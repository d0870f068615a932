import { Field, Int, ObjectType } from 'type-graphql';
import type { Page } from '../validation/paging.js';

type ClassOf<Node> = abstract new (...args: never[]) => Node;

@ObjectType({ simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => Boolean)
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  startCursor!: string | null;

  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

/** The object type `<name>Edge` of a connection, as the GraphQL Cursor Connections Specification has it. */
export function edgeType<Node extends object>(name: string, NodeClass: ClassOf<Node>) {
  @ObjectType(`${name}Edge`, { simpleResolvers: true })
  class Edge {
    @Field(() => NodeClass)
    node!: Node;

    @Field(() => String)
    cursor!: string;
  }
  return Edge;
}

/** The object type `<name>Connection`; its `totalCount` costs a statement of its own, so only when asked. */
export function connectionType<Node extends object>(
  name: string,
  NodeClass: ClassOf<Node>,
  EdgeClass: ReturnType<typeof edgeType<Node>>,
) {
  @ObjectType(`${name}Connection`, { simpleResolvers: true })
  class Connection {
    constructor(private readonly page: Page<Node>) {}

    @Field(() => [EdgeClass])
    edges(): readonly { node: Node; cursor: string }[] {
      return this.page.edges;
    }

    @Field(() => [NodeClass])
    nodes(): Node[] {
      return this.page.edges.map((edge) => edge.node);
    }

    @Field(() => PageInfo)
    pageInfo(): PageInfo {
      const { edges, hasNextPage, hasPreviousPage } = this.page;
      return {
        hasNextPage,
        hasPreviousPage,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      };
    }

    @Field(() => Int)
    totalCount(): Promise<number> {
      return this.page.countAll();
    }
  }
  return Connection;
}
