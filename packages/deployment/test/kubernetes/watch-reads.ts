/** A tree, and what is in it that nobody asked for. */
export interface Watched {
  tree: object;
  /** The paths of all fields that were not read, the outermost alone. */
  unread(): string[];
}

/** Watches which fields of a tree are read. */
export function watchReads(root: object): Watched {
  const read = new Map<object, Set<string>>();
  const proxies = new WeakMap<object, object>();
  const watched = <T extends object>(node: T): T => {
    const known = proxies.get(node);
    if (known) return known as T;
    const seen = new Set<string>();
    read.set(node, seen);
    const proxy = new Proxy(node, {
      get(target, key) {
        if (typeof key === "string") seen.add(key);
        const value = Reflect.get(target, key);
        return typeof value === "object" && value !== null ? watched(value) : value;
      },
    });
    proxies.set(node, proxy);
    return proxy;
  };
  const unreadIn = (node: object, path: string): string[] =>
    Object.entries(node).flatMap(([key, value]) => {
      const place = `${path}/${key}`;
      if (!read.get(node)?.has(key)) return [place];
      return typeof value === "object" && value !== null ? unreadIn(value, place) : [];
    });
  return { tree: watched(root), unread: () => unreadIn(root, "") };
}
