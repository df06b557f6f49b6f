import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import type { ReceivedCall } from "../event-errors/refused-call.ts";
import type { BodyLimits } from "../http/body-limits.ts";
import { parseJson } from "../json/parse-json.ts";
import { Problems } from "../json/problems.ts";
import { readMessage } from "../json/read-message.ts";
import { requireReadable } from "../request-checks.ts";

/**
 * Reads the JSON of a request as REST reads a body: Connect itself would name the first wrong field alone, and without the
 * details that every error has. Throws INVALID_ARGUMENT naming every field that cannot be read.
 *
 * @param received is told what was read
 */
export function readJsonRequest(
  method: DescMethod,
  bytes: Uint8Array,
  received: ReceivedCall,
  { jsonDepth }: Pick<BodyLimits, "jsonDepth">,
): Message {
  const json = parseJson(bytes, jsonDepth);
  received.json = json;
  const message = create(method.input);
  const problems = new Problems();
  readMessage(method.input, message, json, "", problems);
  requireReadable(problems, method, message);
  received.request = message;
  return message;
}
