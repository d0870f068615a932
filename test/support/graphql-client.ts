/** An error as GraphQL answers carry it (https://spec.graphql.org/October2021/#sec-Errors). */
export interface GraphQLFailure {
  readonly message: string;
  readonly path?: ReadonlyArray<string | number>;
  readonly extensions?: Readonly<Record<string, unknown>> & { readonly code?: string };
}

export interface GraphQLAnswer<Data> {
  readonly data: Data | null | undefined;
  /** Empty when the answer has none. */
  readonly errors: readonly GraphQLFailure[];
  /** Of HTTP. */
  readonly status: number;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type Variables = Readonly<Record<string, unknown>>;

/** One POST to /graphql. Failures of GraphQL are in the answer; what is thrown is HTTP that gave no JSON. */
export async function graphql<Data = Record<string, unknown>>(
  server: { readonly url: string },
  document: string,
  variables: Variables = {},
  { token, headers, signal }: CallOptions = {},
): Promise<GraphQLAnswer<Data>> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query: document, variables }),
    signal,
  });
  const text = await response.text();
  const body = parse<Data>(text);
  if (!body) throw new Error(`/graphql answered ${response.status} with no JSON: ${text.slice(0, 500)}`);
  return { data: body.data, errors: body.errors ?? [], status: response.status, headers: response.headers };
}

function parse<Data>(text: string): { data?: Data | null; errors?: GraphQLFailure[] } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws when the answer has errors or no data. */
export function expectData<Data>(answer: GraphQLAnswer<Data>): Data {
  if (answer.errors.length > 0 || answer.data === null || answer.data === undefined) {
    throw new Error(`Expected data, got HTTP ${answer.status}: ${JSON.stringify(answer.errors)}`);
  }
  return answer.data;
}

/** @throws unless the answer's only error has this code. */
export function expectError(answer: GraphQLAnswer<unknown>, code: string): GraphQLFailure {
  const [failure, ...others] = answer.errors;
  if (!failure || others.length > 0 || failure.extensions?.code !== code) {
    const got = JSON.stringify({ errors: answer.errors, data: answer.data });
    throw new Error(`Expected one error with the code ${code}, got HTTP ${answer.status}: ${got}`);
  }
  return failure;
}

/** A server as seen by one user, or by nobody. */
export class GraphQLClient {
  constructor(
    readonly server: { readonly url: string },
    readonly token?: string,
  ) {}

  call<Data = Record<string, unknown>>(
    document: string,
    variables?: Variables,
    options?: CallOptions,
  ): Promise<GraphQLAnswer<Data>> {
    return graphql<Data>(this.server, document, variables, { token: this.token, ...options });
  }

  /** @throws when the answer has errors. */
  async data<Data = Record<string, unknown>>(document: string, variables?: Variables): Promise<Data> {
    return expectData(await this.call<Data>(document, variables));
  }

  /** @throws unless the answer's only error has this code. */
  async error(code: string, document: string, variables?: Variables): Promise<GraphQLFailure> {
    return expectError(await this.call(document, variables), code);
  }

  /** The same user at another server process. */
  at(server: { readonly url: string }): GraphQLClient {
    return new GraphQLClient(server, this.token);
  }
}
