import { spawnSync } from "node:child_process";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { bool, cleanEnv } from "envalid";

const { AUDIT_REQUIRED } = cleanEnv(process.env, {
  AUDIT_REQUIRED: bool({ default: true, desc: "whether it is a failure that the registry answers no audits" }),
});

interface Advisory {
  title: string;
  url: string;
  severity: string;
}
/** What `npm audit --json` answers: what is known, or why nothing is. */
interface Answer {
  vulnerabilities?: Record<string, { severity: string; via: (Advisory | string)[] }>;
  message?: string;
  error?: { summary?: string };
}

const COUNT = ["high", "critical"];

const { stdout, stderr } = spawnSync("npm", ["audit", "--json"], { cwd: repositoryRoot, encoding: "utf8" });
const { vulnerabilities, message, error } = parsed();
if (vulnerabilities) {
  const known = Object.entries(vulnerabilities).flatMap(([name, { via }]) =>
    via
      .filter((advisory) => typeof advisory !== "string")
      .filter(({ severity }) => COUNT.includes(severity))
      .map(({ severity, title, url }) => `${severity}: ${name}: ${title} (${url})\n`),
  );
  if (known.length > 0) process.exitCode = 1;
  process.stdout.write(
    known.join("") || "No flaw of severity high or critical is known of what is in package-lock.json.\n",
  );
} else {
  if (AUDIT_REQUIRED) process.exitCode = 1;
  const why = message || error?.summary || stderr.trim();
  process.stderr.write(
    `NOT AUDITED: npm's registry answers no audits here, so that nothing is known of flaws. Audit where it does.\n${why}\n`,
  );
}

function parsed(): Answer {
  try {
    return JSON.parse(stdout);
  } catch {
    return {};
  }
}
