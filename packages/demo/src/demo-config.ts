import { readConfig } from "@ocellus/runtime/config.ts";
import { str } from "envalid";

const address = (service: string) => str({ desc: `host:port of the ${service} service, from .ocellus/dev.env` });

/** What the demo is told of the running suite, by `.ocellus/dev.env`. */
export const readDemoConfig = () =>
  readConfig({
    OCELLUS_CA: str({ desc: "the file of the CA, from .ocellus/dev.env" }),
    OCELLUS_CERT: str({ desc: "the file of a client certificate, from .ocellus/dev.env" }),
    OCELLUS_KEY: str({ desc: "the file of its key, from .ocellus/dev.env" }),
    OCELLUS_INGEST: address("ingest"),
    OCELLUS_SESSIONS: address("sessions"),
    OCELLUS_AGGREGATION: address("aggregation"),
  });
