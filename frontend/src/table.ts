/** Tables that can be put in order by any of their columns. */

export interface Column<Row> {
  /** Names the column for programs. */
  key: string;
  name: string;
  /** By what it is put in order. */
  value: (row: Row) => string | number | null | undefined;
  /** What is shown; by default the value. */
  text?: (row: Row) => string;
  isNumber?: boolean;
  /** Whether it may take more than one line. */
  isText?: boolean;
  /** Whether it is good news; the text says so as well. */
  tone?: (row: Row) => Tone;
}

/** Good news, bad news or neither. */
export type Tone = "good" | "bad" | null;

/** A column of figures: put in order by what they are, shown as people read them. */
export function figure<Row, Value extends number | null | undefined>(
  key: string,
  name: string,
  value: (row: Row) => Value,
  format: (value: Value) => string,
): Column<Row> {
  return { key, name, isNumber: true, value, text: (row) => format(value(row)) };
}

export interface Order {
  key: string;
  descending: boolean;
}

/** The order after a reader chose a column: figures begin with the largest, names with the first; then the reverse. */
export function nextOrder<Row>(known: Order | null, { key, isNumber = false }: Column<Row>): Order {
  return known?.key === key ? { key, descending: !known.descending } : { key, descending: isNumber };
}

/** The rows in order; what has no value comes last, and what is equal stays as it was. */
export function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order | null,
): readonly Row[] {
  const column = columns.find(({ key }) => key === order?.key);
  if (order === null || column === undefined) return rows;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [left, right] = [column.value(one), column.value(other)];
    if (left == null || right == null) return Number(left == null) - Number(right == null);
    return sign * compared(left, right);
  });
}

function compared(one: string | number, other: string | number): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}
