import type { DescEnum, JsonObject } from "@bufbuild/protobuf";
import { shortNameOf } from "../json/enum-value.ts";
import { commentOf } from "./comments.ts";
import type { Schemas, Use } from "./schemas.ts";

/** The schema of an enum: answers hold full names, and the short ones may be sent. */
export function enumSchema(desc: DescEnum, use: Use, schemas: Schemas): JsonObject {
  // What a client may send does not depend on the method that it is sent with.
  const isAnswer = use === "answer";
  return schemas.ofType(desc, isAnswer ? "answer" : "input", () => {
    const values = desc.values.filter(({ name }) => isAnswer || !name.endsWith("_UNSPECIFIED"));
    const lines = values.map((value) => {
      const names = isAnswer ? `\`${value.name}\`` : `\`${shortNameOf(value)}\` or \`${value.name}\``;
      return `- ${names}: ${commentOf(value)}`;
    });
    const full = values.map(({ name }) => name);
    return {
      type: "string",
      description: `${commentOf(desc)}\n\n${lines.join("\n")}`,
      enum: isAnswer ? full : [...values.map(shortNameOf), ...full],
    };
  });
}
