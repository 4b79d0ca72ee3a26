/** The receipt of an erasure, in words. */

import type { components } from "./api/schema";
import { count, moment } from "./format";

export type Receipt = components["schemas"]["ErasureReceipt"];

/** What it says, by name. */
export function lines(
  { receipt_id, erased_at, student_id, erased }: Receipt,
  timeZone: string,
): [string, string][] {
  return [
    ["Receipt", receipt_id],
    ["Erased on", `${moment(erased_at, timeZone)} (${timeZone})`],
    ["Learner", `number ${student_id} of this platform`],
    ["Logs", count(erased.streaming_logs)],
    ["Days of viewing, by lesson", count(erased.viewing_days)],
    ["Completed lessons", count(erased.completions)],
    ["Refused logs", count(erased.rejected_logs)],
  ];
}

/** The same to be copied. */
export function text(receipt: Receipt, timeZone: string): string {
  return lines(receipt, timeZone)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
