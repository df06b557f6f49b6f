import { makeExactValidator, str } from "envalid";

/** Reads users by what they own, such as "postgres=999,nats=1000". */
const owners = makeExactValidator<Map<string, number>>((input) => {
  const pairs = input.split(",").map((pair): [string, number] => {
    const [, owned, uid] = /^\s*([^=\s]+)=(\d{1,9})\s*$/.exec(pair) ?? [];
    if (!owned) throw new Error("expected uids by what they own, such as postgres=999,nats=1000");
    return [owned, Number(uid)];
  });
  return new Map(pairs);
});

/** Every environment variable that `certificates` reads. */
export const variables = {
  CERTIFICATES_FOLDER: str({
    default: "/certificates",
    desc: "where it keeps a folder for the CA, and one for each who has a certificate",
  }),
  CERTIFICATE_OWNERS: owners({
    default: undefined,
    desc: "the uids to which the folders of certificates are given, such as ingest=1000,postgres=999; the others belong to who runs it",
  }),
  FOLDER_OWNERS: owners({
    default: undefined,
    desc: "the uids to which other folders are given, such as /data=1000: new volumes, which only root could write otherwise",
  }),
};
