import { Type } from "@mikro-orm/core";
import { isoOf, type Micros, microsOfSql } from "./time.ts";

/** A `timestamptz` column as microseconds. */
export class MicrosType extends Type<Micros, string> {
  override convertToDatabaseValue(value: Micros): string {
    return typeof value === "bigint" ? isoOf(value) : value;
  }

  override convertToJSValue(value: string): Micros {
    return typeof value === "string" ? microsOfSql(value) : value;
  }

  override getColumnType(): string {
    return "timestamptz";
  }

  override compareAsType(): string {
    return "string";
  }
}
