import { experimental } from "@grpc/grpc-js";

/** Of our own, since a list of grpc-js holds no names. No host is called so. */
const SCHEME = "ocellus-list";

type Endpoint = experimental.Endpoint;
type Endpoints = experimental.StatusOr<Endpoint[]>;

/** Whether there may be several servers at an address. */
export function isBalanced(address: string): boolean {
  return address.includes(",") || address.startsWith("dns:");
}

/** The target of grpc-js for `host:port`, several of these divided by commas, or `dns:///host:port`. */
export function targetOf(address: string): string {
  return address.includes(",") ? `${SCHEME}:${address}` : address;
}

interface Member {
  resolver: experimental.Resolver;
  /** Where it is; undefined until it was looked up. */
  found?: Endpoints;
}

/** Finds each member of a list as grpc-js finds one alone. All addresses of a member stand for one server. */
class ListResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #members: Member[];
  #told = "";

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: Parameters<typeof experimental.createResolver>[2],
  ) {
    this.#listener = listener;
    this.#members = target.path.split(",").map((path) => {
      const found = (result: Endpoints) => this.#found(member, result);
      const member: Member = { resolver: experimental.createResolver({ scheme: "dns", path }, found, options) };
      return member;
    });
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.split(",")[0]!;
  }

  updateResolution(): void {
    for (const { resolver } of this.#members) resolver.updateResolution();
  }

  destroy(): void {
    this.#told = "";
    for (const member of this.#members) {
      member.resolver.destroy();
      delete member.found;
    }
  }

  /** Tells what is new of the list, once all of it was looked up. Answers whether it could be used. */
  #found(member: Member, result: Endpoints): boolean {
    // A name that cannot be looked up now is where it was.
    if (result.ok || !member.found?.ok) member.found = result;
    // It tries again after a pause; the balancer would ask it to only where no other is left.
    if (!result.ok) member.resolver.updateResolution();
    const results = this.#members.map(({ found }) => found).filter((found) => found !== undefined);
    if (results.length < this.#members.length) return true;
    const endpoints = results.flatMap((found) => (found.ok ? [joined(found.value)] : []));
    if (endpoints.length === 0) return this.#listener(result, {}, null, "");
    const told = endpoints.map((endpoint) => experimental.endpointToString(endpoint)).join();
    if (told === this.#told) return true;
    this.#told = told;
    return this.#listener(experimental.statusOrFromValue(endpoints), {}, null, "");
  }
}

function joined(endpoints: Endpoint[]): Endpoint {
  return { addresses: endpoints.flatMap(({ addresses }) => addresses) };
}

experimental.registerResolver(SCHEME, ListResolver);
