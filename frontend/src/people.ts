/** The people who may sign in: what they are for, and what is asked of the forms about them. */

import type { components } from "./api/schema";
import { sentence } from "./format";

type Schemas = components["schemas"];

export type User = Schemas["User"];
export type Role = Schemas["UserRole"];

/** What a person can be for; `may` completes a sentence about one. */
export const ROLES = [
  {
    role: "educator",
    name: "Educator",
    may: "sees figures and learners of the classrooms named here, and of no other",
  },
  { role: "analyst", name: "Analyst", may: "sees figures of all classrooms, and no learner by name" },
  { role: "operator", name: "Operator", may: "sees everything, and keeps the roster, users and benchmarks" },
] as const satisfies readonly { role: Role; name: string; may: string }[];

/** The name of a role. */
export function roleName(role: Role): string {
  return ROLES.find((it) => it.role === role)?.name ?? role;
}

/** Which classrooms somebody sees, in words. */
export function sees({ classrooms }: Pick<User, "classrooms">): string {
  if (classrooms === null) return "all";
  return classrooms.join(", ") || "none yet";
}

/** What somebody shall be for, as a form has it. */
export interface Rights {
  role: Role;
  /** Kept while another role is looked at; only an educator's count. */
  classrooms: string[];
}

/** The same as the API takes it. */
export function order({ role, classrooms }: Rights): { role: Role; classrooms?: string[] } {
  return role === "educator" ? { role, classrooms } : { role };
}

/** The names to choose from: those that there are, and those that were chosen. */
export function choice(known: readonly string[], chosen: readonly string[]): string[] {
  return [...new Set([...known, ...chosen])].sort((one, other) => one.localeCompare(other));
}

/** What is wrong with the form of a user. */
export interface UserFaults {
  name?: string | undefined;
  classrooms?: string | undefined;
}

/** The server's faults at the fields that they are about. */
export function placed(found: readonly { pointer: string; detail: string }[]): UserFaults {
  const of = (field: string): string | undefined => {
    const fault = found.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`));
    return fault && sentence(fault.detail);
  };
  const [name, classrooms] = [of("name"), of("classrooms")];
  return { ...(name !== undefined && { name }), ...(classrooms !== undefined && { classrooms }) };
}

/** The fewest characters of a password; the server has the last word. */
export const MIN_PASSWORD = 12;

/** What is wrong with the form of a password. */
export interface PasswordFaults {
  password?: string | undefined;
  chosen?: string | undefined;
  again?: string | undefined;
}

/** What can be said of a new password before the server is asked. */
export function newPasswordFaults(
  { password, chosen, again }: { password: string; chosen: string; again: string },
  name: string,
): PasswordFaults {
  const faults: PasswordFaults = {};
  if (password === "") faults.password = "Your password so far is wanted here.";
  if ([...chosen].length < MIN_PASSWORD)
    faults.chosen = `At least ${MIN_PASSWORD} characters are wanted here.`;
  else if (chosen.trim().toLowerCase() === name.toLowerCase()) faults.chosen = "A password is not the name.";
  else if (again !== chosen) faults.again = "This is another one.";
  return faults;
}
