// Makes what the suite needs to start on one host: certificates, and the secret of the first administrator.
import { readConfig } from "@ocellus/runtime/config.ts";
import { variables } from "./certificates-variables.ts";
import { handOut } from "./hand-out.ts";

try {
  const config = readConfig(variables);
  await handOut({
    folder: config.CERTIFICATES_FOLDER,
    owners: config.CERTIFICATE_OWNERS ?? new Map(),
    folderOwners: config.FOLDER_OWNERS ?? new Map(),
  });
  process.stdout.write(`all certificates in ${config.CERTIFICATES_FOLDER} are good\n`);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
}
