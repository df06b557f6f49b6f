import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";

/**
 * The number of an enum value that is given by its full name (`GRANULARITY_HOUR`), its short name in any letter case
 * (`hour`) or its number, which may be a text too; undefined where the enum has no such value.
 */
export function enumNumber(desc: DescEnum, json: unknown): number | undefined {
  if (typeof json === "number") return desc.value[json]?.number;
  if (typeof json !== "string") return undefined;
  if (/^\d{1,9}$/.test(json)) return desc.value[Number(json)]?.number;
  const short = json.toLowerCase();
  return desc.values.find((value) => value.name === json || shortNameOf(value) === short)?.number;
}

/** What an enum field must be: its short names, without the one that stands for a field that was left out. */
export function enumRule(desc: DescEnum): string {
  const names = desc.values.filter(({ name }) => !name.endsWith("_UNSPECIFIED")).map(shortNameOf);
  return names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(", ")}`;
}

/** The name of a value without that of its enum, in lower case. */
export function shortNameOf({ localName }: DescEnumValue): string {
  return localName.toLowerCase();
}
