import type { DescMethod } from "@bufbuild/protobuf";
import type { HttpRequest } from "../http/node-http.ts";
import { type ReceivedBody, readBody } from "../http/read-body.ts";
import { isJson } from "../rest/media-type.ts";
import { decompress } from "./decompress.ts";
import { type MessageLimits, malformed, tooLarge } from "./message-limits.ts";

/** The length of the flags and the size before a message of gRPC, gRPC-Web and the streams of Connect. */
const ENVELOPE_BYTES = 5;
/** The flag of a message that is compressed. */
const COMPRESSED = 1;

/** How the one message of a call travels. */
export interface Format {
  isJson: boolean;
  /** Whether it is in an envelope, or the body itself. */
  isEnveloped: boolean;
  /** The header that tells how it is compressed. */
  encodingIn: "content-encoding" | "grpc-encoding" | "connect-content-encoding";
}

/** A request's body, and the message in it where it was taken out. */
export interface SingleMessage {
  /** What Connect is to read: a body with an empty message in place of one that was taken out. */
  body: Uint8Array;
  message: Uint8Array | undefined;
}

/** How a call with one request sends it; undefined for any other call, and for one that Connect is to refuse. */
export function formatOf({ methodKind }: DescMethod, { method, headers }: HttpRequest): Format | undefined {
  if (methodKind === "bidi_streaming" || method !== "POST") return undefined;
  const full = headers["content-type"] ?? "";
  const type = full.split(";", 1)[0]!.trim().toLowerCase();
  const [grpc, grpcForm] = /^application\/grpc(?:-web)?(?:\+(proto|json))?$/.exec(type) ?? [];
  if (grpc) return { isJson: grpcForm === "json", isEnveloped: true, encodingIn: "grpc-encoding" };
  if (methodKind === "unary") {
    const isKnown = isJson(full) || type === "application/proto";
    return isKnown ? { isJson: isJson(full), isEnveloped: false, encodingIn: "content-encoding" } : undefined;
  }
  const [, form] = /^application\/connect\+(proto|json)$/.exec(type) ?? [];
  return form ? { isJson: form === "json", isEnveloped: true, encodingIn: "connect-content-encoding" } : undefined;
}

/**
 * Takes the message out of a request: Connect itself would answer bytes that it cannot read as a fault of ours. What is compressed in a way
 * that nobody knows, and an envelope that is missing, is left to Connect. Throws INVALID_ARGUMENT for a body that is anything but one message.
 *
 * @param received is told what was read
 */
export async function readSingleMessage(
  request: HttpRequest,
  { isJson, isEnveloped, encodingIn }: Format,
  received: ReceivedBody,
  limits: MessageLimits,
): Promise<SingleMessage> {
  const { messageBytes, inHandBytes } = limits;
  const read = { maxBytes: messageBytes + (isEnveloped ? ENVELOPE_BYTES : 0), inHandBytes };
  const body = await readBody(request, read, () => tooLarge(messageBytes), isJson ? received : {});
  const encoding = String(request.headers[encodingIn] ?? "identity");
  const expand = (bytes: Uint8Array) => decompress(request, bytes, encoding, limits);
  const message = isEnveloped ? await contentOf(body, expand) : await expand(body);
  received.bytes = message ?? body;
  received.size = received.bytes.length;
  if (!message) return { body, message };
  // What stands in for it is not compressed.
  delete request.headers[encodingIn];
  const empty = Buffer.from(isJson ? "{}" : "");
  return { body: isEnveloped ? enveloped(empty) : empty, message };
}

async function contentOf(
  body: Uint8Array,
  expand: (bytes: Uint8Array) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  if (body.length === 0) return undefined;
  const bytes = body.subarray(ENVELOPE_BYTES);
  const isOne = body.length >= ENVELOPE_BYTES && body[0]! <= COMPRESSED && sizeIn(body) === bytes.length;
  if (!isOne) throw malformed("The body must be one message in its envelope, and is not");
  return body[0] === COMPRESSED ? expand(bytes) : bytes;
}

function enveloped(message: Buffer): Buffer {
  const head = Buffer.alloc(ENVELOPE_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function sizeIn(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(1);
}
