import { createRequire } from "node:module";
import type { JsonObject } from "@bufbuild/protobuf";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const DESCRIPTION = `
Self-hosted event tracking: send events, read them, their sessions, and their aggregates over time.

**Tokens.** Every route needs a token, sent as \`authorization: Bearer TOKEN\`. A client that an administrator has registered gets
one at \`POST /oauth2/token\` by its id and its secret (OAuth2 client credentials). It counts for some minutes. Without one the answer
is 401, with one that is for something else 403. A client may be limited to namespaces: what is in others is not there for it.

**JSON.** Bodies are proto3 JSON in UTF-8. Names are answered in lowerCamel, and taken in both spellings (\`sessionId\`,
\`session_id\`), in queries too. Values of an enum are taken by their short name in any letter case (\`hour\`), their full name or
their number. Integers of 64 bits are answered as texts. A field that is unknown is refused; null leaves a field out.

**Lists** are read page by page: \`pageSize\` says how many items to answer at most, and \`nextPageToken\` of an answer goes into
\`pageToken\` of the next request, all else unchanged. Where it is empty, the list has ended.

**Errors** are a google.rpc.Status as JSON: a code, a message for people, and details for programs, of which one is an ErrorInfo
with a reason. A path that is not listed here is answered 404 (\`ROUTE_NOT_FOUND\`), and a method that a path does not take 405
(\`METHOD_NOT_ALLOWED\`). Every GET route takes HEAD, and every route OPTIONS.

The same methods are served as Connect, gRPC-Web and gRPC on this port.
`.trim();

/** What the API is. */
export const info: JsonObject = { title: "Ocellus", version, description: DESCRIPTION };
