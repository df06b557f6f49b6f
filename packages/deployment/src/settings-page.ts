import { SERVICES } from "@ocellus/suite/service-process.ts";
import { PROGRAM_NAMES, type ProgramName } from "./programs.ts";
import { type Setting, settingsOf } from "./settings.ts";

/** Every setting of every program as a page: those that several read alike once, under the names of all who do. */
export function settingsPage(): string {
  const sections = Map.groupBy(sharedSettings(), ({ readers }) => readers.join(", "));
  return [
    "# Settings",
    "",
    "Every environment variable that the programs of the image read: made of their code by `make settings`. A program names all that is missing",
    "or malformed when it starts. Where no default is named a variable is required, or, if it says _none_, without effect until it is set. Lengths",
    "of time are given as `250ms`, `90s`, `30m`, `12h` or `7d`. `make up` passes on what [README.md](../README.md#configuration) lists.",
    ...[...sections].flatMap(([readers, settings]) => section(readers, settings)),
    "",
  ].join("\n");
}

interface SharedSetting extends Setting {
  readers: ProgramName[];
}

/** Each setting once, with all who read it with the same default and purpose. */
function sharedSettings(): SharedSetting[] {
  const shared = new Map<string, SharedSetting>();
  for (const program of PROGRAM_NAMES) {
    for (const setting of settingsOf(program)) {
      const key = JSON.stringify([setting.name, setting.description, setting.default ?? null, setting.required]);
      const same = shared.get(key) ?? { ...setting, readers: [] };
      same.readers.push(program);
      shared.set(key, same);
    }
  }
  return [...shared.values()];
}

function section(readers: string, settings: readonly SharedSetting[]): string[] {
  const title = readers === SERVICES.join(", ") ? "All services" : readers;
  const rows = settings.map(
    (setting) => `| \`${setting.name}\` | ${defaultCell(setting)} | ${setting.description.replaceAll("|", "\\|")} |`,
  );
  return ["", `## ${title}`, "", "| variable | default | for |", "| -------- | ------- | --- |", ...rows];
}

function defaultCell({ required, default: text }: Setting): string {
  if (required) return "**required**";
  return text ? `\`${text}\`` : "_none_";
}
