import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Caller } from "../access/guard.ts";

/** What somebody asks for that cannot be undone. */
export interface Deed {
  caller: Caller;
  method: DescMethod;
  request: Message;
}

/** Records what is done that cannot be undone. */
export interface AuditLog {
  /** Writes a record, does the work, and notes what came of it. Throws, and does nothing, where the record cannot be written. */
  recorded<T>(deed: Deed, work: () => Promise<T>): Promise<T>;
}
