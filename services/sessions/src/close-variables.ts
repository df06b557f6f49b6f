import { addressOf } from "@ocellus/runtime/config.ts";
import { str } from "envalid";

/** Every environment variable that the daily job reads. */
export const variables = {
  OCELLUS_SESSIONS: addressOf("sessions"),
  OCELLUS_CA: str({ desc: "the file of the CA, PEM" }),
  OCELLUS_CERT: str({ desc: "the file of a client certificate, PEM" }),
  OCELLUS_KEY: str({ desc: "the file of its key, PEM" }),
};
