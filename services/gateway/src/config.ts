import { address, commonVariables } from "@ocellus/runtime/config.ts";
import { makeExactValidator, port } from "envalid";

/** Origins as browsers send them, divided by commas, or `*` for all; nothing stands for none. */
const origins = makeExactValidator<string[]>((input) => {
  const list = input.split(",").map((origin) => origin.trim());
  if (list.length === 1 && (list[0] === "*" || list[0] === "")) return list.filter(Boolean);
  const wrong = list.filter((origin) => !isOrigin(origin));
  if (wrong.length === 0) return list;
  const named = wrong.map((origin) => `"${origin}"`).join(", ");
  throw new Error(`expected * alone, or origins such as https://app.example.com without a path, and not ${named}`);
});

/** An origin names no path, no default port, and a host in small letters. */
function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** Every environment variable that the gateway reads. */
export const variables = {
  ...commonVariables,
  HTTP_PORT: port({ desc: "the port of REST, Connect, gRPC-Web and gRPC, without TLS" }),
  CORS_ORIGINS: origins({
    default: [],
    desc: "the origins whose pages may call it from a browser, such as https://app.example.com,https://other.example, or *",
  }),
  INGEST_ADDRESS: address({ desc: "where the ingest service serves gRPC, host:port" }),
  SESSIONS_ADDRESS: address({ desc: "where the sessions service serves gRPC, host:port" }),
  AGGREGATION_ADDRESS: address({ desc: "where the aggregation service serves gRPC, host:port" }),
};
