import type { AnyDesc, DescFile } from "@bufbuild/protobuf";
import { protoCamelCase, qualifiedName } from "@bufbuild/protobuf/reflect";
import { comments } from "@ocellus/proto/ocellus/comments.ts";

/** What the contract says of a part of it, with the fields spelled as in JSON; empty for what others define. */
export function commentOf(desc: Exclude<AnyDesc, DescFile>): string {
  const comment = comments[qualifiedName(desc)] ?? "";
  return comment.replace(/`([a-z0-9]+(?:_[a-z0-9]+)+)`/g, (_, name: string) => `\`${protoCamelCase(name)}\``);
}

/** The first sentence of a comment, as a title: plain text, where a description may have marks. */
export function summaryOf(comment: string): string {
  const sentence = /^.*?[.:;](?=\s|$)/s.exec(comment)?.[0].slice(0, -1) ?? comment;
  return sentence.replaceAll("`", "");
}

/** Whether a comment says that a field must be given. */
export function saysRequired(comment: string): boolean {
  return /(^|[.:] )Required\b/.test(comment);
}

/** Whether a comment says that a field is for answers alone. */
export function saysOutputOnly(comment: string): boolean {
  return /(^|[.:] )Output only\b/.test(comment);
}
