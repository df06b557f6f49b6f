import type { DescMethod } from "@bufbuild/protobuf";
import type { HttpRequest } from "../http/node-http.ts";
import { readBody } from "../http/read-body.ts";
import { MAX_MESSAGE_BYTES, tooLarge } from "./unary-json.ts";

/** The length of the flags and the size before a message of gRPC and gRPC-Web. */
const ENVELOPE_BYTES = 5;

/** A request's body, and the message in it where it was taken out. */
export interface UnaryBinary {
  /** What Connect is to read: a body with an empty message in place of one that was taken out. */
  body: Uint8Array;
  message: Uint8Array | undefined;
}

/** Whether this is a call with one binary request. */
export function isUnaryBinary(method: DescMethod, request: HttpRequest): boolean {
  return method.methodKind === "unary" && request.method === "POST" && formatOf(request) !== undefined;
}

/**
 * Takes the message out of such a request: Connect itself would answer bytes that it cannot read as a fault of ours. A message
 * that is compressed is left to Connect.
 */
export async function readUnaryBinary(request: HttpRequest): Promise<UnaryBinary> {
  const body = await readBody(request, MAX_MESSAGE_BYTES, tooLarge);
  if (formatOf(request) === "bare") return { body: new Uint8Array(0), message: body };
  const isWhole = body.length >= ENVELOPE_BYTES && body[0] === 0 && sizeIn(body) === body.length - ENVELOPE_BYTES;
  if (!isWhole) return { body, message: undefined };
  return { body: new Uint8Array(ENVELOPE_BYTES), message: body.subarray(ENVELOPE_BYTES) };
}

function formatOf({ headers }: HttpRequest): "bare" | "enveloped" | undefined {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (/^application\/grpc(-web)?(\+proto)?$/.test(type ?? "")) return "enveloped";
  const isBare = type === "application/proto" && (headers["content-encoding"] ?? "identity") === "identity";
  return isBare ? "bare" : undefined;
}

function sizeIn(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(1);
}
