import Table from "cli-table3";

/** A table without lines between its rows, whose first columns are texts and whose others are numbers. */
export const numberTable = (head: string[], texts = 1) =>
  new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (column < texts ? "left" : "right")),
  });
