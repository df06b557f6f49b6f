import type { AnyDesc, DescFile, DescMessage } from "@bufbuild/protobuf";
import { nestedTypes, qualifiedName } from "@bufbuild/protobuf/reflect";
import { createEcmaScriptPlugin, getComments, runNodeJs } from "@bufbuild/protoplugin";

/**
 * A plugin of buf that writes the comments of the contract to one TypeScript file. In what protoc-gen-es generates they are
 * comments again: its descriptors carry none.
 */
runNodeJs(
  createEcmaScriptPlugin({
    name: "generate-comments",
    version: "v1",
    generateTs({ files, generateFile }) {
      const file = generateFile("ocellus/comments.ts");
      file.print("// Generated from the comments of the protos. Do not edit.");
      file.print();
      file.print(
        "/** What the protos say of each service, method, message, field, oneof, enum and enum value, by its full name. */",
      );
      file.print("export const comments: Readonly<Record<string, string>> = {");
      for (const desc of files.flatMap((each) => [...described(each)])) {
        const comment = reflowed(getComments(desc).leading ?? "");
        if (comment !== "") file.print("  ", JSON.stringify(qualifiedName(desc)), ": ", JSON.stringify(comment), ",");
      }
      file.print("};");
    },
  }),
);

/** All that may have a comment in a file or a message. */
function* described(scope: DescFile | DescMessage): Iterable<Exclude<AnyDesc, DescFile>> {
  for (const type of nestedTypes(scope)) {
    yield type;
    if (type.kind === "service") yield* type.methods;
    if (type.kind === "message") yield* [...type.fields, ...type.oneofs];
    if (type.kind === "enum") yield* type.values;
  }
}

/** Lines of one paragraph are joined: where they break is a matter of the source alone. */
function reflowed(comment: string): string {
  const lines = comment.split("\n").map((line) => line.trim());
  return lines
    .join("\n")
    .trim()
    .replaceAll(/(?<!\n)\n(?![\n*-])/g, " ");
}
