import { status as codes } from "@grpc/grpc-js";

const CONNECT_ENDS = /"error":\{"code":"(\w+)"/;
const GRPC_STATUS = /grpc-status:\s*(\d+)/i;

/** What an answer by HTTP says of its RPC beside its own status; undefined where it says nothing, or OK. */
export function rpcStatusIn(text: string): string | undefined {
  const [, number] = GRPC_STATUS.exec(text) ?? [];
  if (number !== undefined && number !== "0") return codes[Number(number)] ?? number;
  const [, code] = CONNECT_ENDS.exec(text) ?? [];
  return code?.toUpperCase();
}
