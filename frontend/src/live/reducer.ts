/** What the socket says becomes what the page knows: one pure step for each frame. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];

export type LiveFrame = Schemas["LiveFrame"];
export type Today = Schemas["Today"];
export type ClassroomFigures = Schemas["ClassroomFigures"];
export type RecentLog = Schemas["RecentLog"];

/** Today as it was at a moment, and the number of the frame that said so. */
export interface LiveState {
  today: Today;
  seq: number;
  /** When the server read it, RFC 3339. */
  at: string;
}

/** How many of the latest logs are kept; the server knows as many. */
const RECENT = 20;

/**
 * The state after a frame; null where the frame does not follow from what is known: then only a new snapshot helps.
 */
export function reduce(known: LiveState | null, frame: LiveFrame): LiveState | null {
  if (frame.type === "snapshot") {
    const { type: _, seq, at, ...today } = frame;
    return { today, seq, at };
  }
  if (known === null || frame.seq !== known.seq + 1) return null;
  const before = known.today;
  const { totals, classrooms = [], rates, recent = [] } = frame;
  const { lessons = before.lessons, rejected_logs = before.rejected_logs } = frame;
  const names = new Set(before.classrooms.map(({ classroom }) => classroom));
  if (!classrooms.every(({ classroom }) => names.has(classroom))) return null;
  const changes = new Map(classrooms.map((change) => [change.classroom, change]));
  return {
    seq: frame.seq,
    at: frame.at,
    today: {
      date: before.date,
      totals: { ...before.totals, ...totals },
      classrooms: before.classrooms.map((it) => ({ ...it, ...changes.get(it.classroom) })),
      lessons,
      rejected_logs,
      rates: { ...before.rates, ...rates },
      recent: recent.length === 0 ? before.recent : latest([...before.recent, ...recent]),
    },
  };
}

/** By arrival, newest first, then by learner and id: times are texts of one width, so they compare as they are. */
function latest(logs: RecentLog[]): RecentLog[] {
  return logs
    .sort(
      (one, other) =>
        compare(other.received_at, one.received_at) ||
        one.student_id - other.student_id ||
        compare(one.log_id, other.log_id),
    )
    .slice(0, RECENT);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
