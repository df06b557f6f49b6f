/** Rows that one side has and the other has not. Both are compared as JSON. */
export function differences(title: string, kept: object[], recounted: object[]): string[] {
  const texts = (rows: object[]) => new Set(rows.map((row) => JSON.stringify(row)));
  const [left, right] = [texts(kept), texts(recounted)];
  return [
    ...[...left.difference(right)].map((row) => `${title}: kept, and not in the recount: ${row}`),
    ...[...right.difference(left)].map((row) => `${title}: in the recount, and not kept: ${row}`),
  ];
}
