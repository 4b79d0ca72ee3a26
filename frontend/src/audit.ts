/** Entries of the audit log, in words. */

import type { components } from "./api/schema";
import type { Cell } from "./export";

export type Entry = components["schemas"]["AuditEntry"];

interface Action {
  action: string;
  name: string;
  /** Where it did not go as it was meant to. */
  tried?: string;
}

/** What can be done, by the names that the log has. */
export const ACTIONS: readonly Action[] = [
  { action: "sign_in", name: "Signed in", tried: "Tried to sign in" },
  { action: "sign_out", name: "Signed out", tried: "Tried to sign out" },
  { action: "get_token", name: "Got a token", tried: "Tried to get a token" },
  { action: "denied", name: "Was refused", tried: "Was refused" },
  { action: "read_student", name: "Read a learner", tried: "Looked for a learner" },
  { action: "change_student", name: "Changed a learner", tried: "Wanted to change a learner" },
  { action: "read_students", name: "Listed learners" },
  { action: "read_streaming_logs", name: "Read logs" },
  { action: "read_rejected_logs", name: "Read refused logs" },
  { action: "export_student", name: "Copied a learner" },
  { action: "erase_student", name: "Erased a learner" },
  { action: "lift_erasure", name: "Let an erased learner back" },
  { action: "take_over_erasures", name: "Took erasures over" },
  { action: "put_user", name: "Made or changed a user" },
  { action: "remove_user", name: "Removed a user" },
  { action: "sign_out_user", name: "Signed a user out" },
  { action: "change_password", name: "Changed the password", tried: "Tried to change the password" },
  { action: "put_client", name: "Made or changed a client" },
  { action: "remove_client", name: "Removed a client" },
  { action: "revoke_tokens", name: "Took tokens back" },
  { action: "retention", name: "Removed what was old" },
  { action: "restore", name: "Restored a backup" },
];

/** What somebody did, or tried to do. */
export function what({ action, outcome }: Pick<Entry, "action" | "outcome">): string {
  const known: Action = ACTIONS.find((it) => it.action === action) ?? { action, name: inWords(action) };
  return outcome === "done" ? known.name : (known.tried ?? `${known.name}: tried`);
}

const NOBODY: Record<string, string> = {
  unknown: "A name that nobody has",
  many: "Many addresses",
};

/** Who did it. */
export function who({ actor, actor_kind }: Pick<Entry, "actor" | "actor_kind">): string {
  switch (actor_kind) {
    case "user":
      return actor;
    case "client":
      return `${actor} (client)`;
    case "cli":
      return "The command line";
    case "platform":
      return "The platform";
    default:
      return NOBODY[actor] ?? "Nobody who had signed in";
  }
}

const TARGETS: Record<string, string> = {
  student: "Learner",
  user: "User",
  client: "Client",
  erasure: "Receipt",
  students: "Learners",
  "streaming-logs": "Logs",
  "rejected-logs": "Refused logs",
};

/** To what; nothing where it was to nothing in particular. */
export function whom({ target }: Pick<Entry, "target">): string {
  if (target === null) return "";
  const [, kind, name] = /^(\w+):(.*)$/s.exec(target) ?? [];
  if (kind !== undefined && kind in TARGETS) return `${TARGETS[kind]} ${name}`;
  const [list, ...filter] = target.split("?");
  const known = TARGETS[list ?? ""];
  if (known === undefined) return target;
  const told = filter.join("?").split("&").filter(Boolean).map(part);
  return told.length === 0 ? known : `${known}, ${told.join(", ")}`;
}

const OUTCOMES: Record<string, string> = {
  done: "Done",
  invalid_credentials: "Another password, or no such name",
  invalid_client: "Another secret, or no such client",
  invalid_token: "The token does not hold",
  session_ended: "The session had ended",
  insufficient_scope: "Without the right to",
  whole_platform_only: "Sees some classrooms only",
  cross_origin: "From a page of somebody else",
  users_only: "A client has no password",
  too_many_attempts: "Too many tries",
  not_found: "There is none, or it is not theirs",
  token_missing: "Showed nothing",
};

/** How it went, and how often it went so. */
export function how({ outcome, times }: Pick<Entry, "outcome" | "times">): string {
  const words = OUTCOMES[outcome] ?? inWords(outcome);
  return times > 1 ? `${words}, ${times} times more` : words;
}

/** What a list was narrowed by; its value stays as it is. */
function part(text: string): string {
  const [name = "", ...value] = text.split("=");
  return `${inWords(name)} ${value.join("=")}`;
}

function inWords(name: string): string {
  return name.replaceAll("_", " ");
}

const COLUMNS = [
  "at",
  "actor",
  "actor_kind",
  "action",
  "target",
  "outcome",
  "times",
  "address",
  "request_id",
  "detail",
] as const;

/** The entries as rows of a file, word for word as they were noted. */
export function rows(entries: readonly Entry[]): Cell[][] {
  return [[...COLUMNS], ...entries.map((entry) => COLUMNS.map((column) => entry[column]))];
}
