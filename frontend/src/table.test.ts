import { expect, it } from "vitest";
import { type Column, figure, inOrder, nextOrder } from "./table";

interface Row {
  name: string;
  figure: number | null;
}

const COLUMNS: Column<Row>[] = [
  { key: "name", name: "Name", value: ({ name }) => name },
  figure("figure", "Figure", ({ figure }) => figure, String),
];

const ROWS: Row[] = [
  { name: "Class 10", figure: null },
  { name: "Class 9", figure: 2 },
  { name: "été", figure: 10 },
  { name: "Data", figure: 2 },
];

function names(order: Parameters<typeof inOrder<Row>>[2]): string[] {
  return inOrder(ROWS, COLUMNS, order).map(({ name }) => name);
}

it("stays as it came until somebody chooses", () => {
  expect(names(null)).toEqual(ROWS.map(({ name }) => name));
});

it("puts names as people do, and what has no figure last either way", () => {
  expect(names({ key: "name", descending: false })).toEqual(["Class 9", "Class 10", "Data", "été"]);
  expect(names({ key: "figure", descending: true })).toEqual(["été", "Class 9", "Data", "Class 10"]);
  expect(names({ key: "figure", descending: false })).toEqual(["Class 9", "Data", "été", "Class 10"]);
});

it("begins with the largest figure and with the first name, then turns round", () => {
  const [name, figure] = COLUMNS as [Column<Row>, Column<Row>];
  expect(nextOrder(null, name)).toEqual({ key: "name", descending: false });
  expect(nextOrder({ key: "name", descending: false }, figure)).toEqual({ key: "figure", descending: true });
  expect(nextOrder({ key: "figure", descending: true }, figure)).toEqual({
    key: "figure",
    descending: false,
  });
});
