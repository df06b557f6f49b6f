import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { settingsPage } from "./settings-page.ts";

writeFileSync(join(repositoryRoot, "docs/settings.md"), settingsPage());
