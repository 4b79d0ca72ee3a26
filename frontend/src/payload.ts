/** What was sent, as people read it. */

/** JSON on lines of its own; whatever is none stays as it came. */
export function readable(payload: string): string {
  try {
    const value: unknown = JSON.parse(payload);
    const text = JSON.stringify(value, null, 2);
    // A number that JavaScript cannot hold, or a key that stands twice, shall be seen as it was sent.
    return compacted(text) === compacted(payload) ? text : payload;
  } catch {
    return payload;
  }
}

/** Without the spaces that mean nothing, and those within texts; good enough to compare. */
function compacted(text: string): string {
  return text.replace(/\s+/g, "");
}
