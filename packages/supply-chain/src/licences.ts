import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { licencePage, licensedPackages } from "./licence-list.ts";

writeFileSync(join(repositoryRoot, "docs/licences.md"), licencePage(licensedPackages()));
