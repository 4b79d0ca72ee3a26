import { describe, expect, it } from "vitest";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LiveFrame, type LiveState, reduce } from "./reducer";

/** What the server's own tests have written: frames of one connection, and what a new one is told at the end. */
const GOLDEN = join(import.meta.dirname, "../../../tests/fixtures/frames");

interface Story {
  frames: LiveFrame[];
  then: LiveFrame & { type: "snapshot" };
}

function stories(): [string, Story][] {
  return readdirSync(GOLDEN).map((name) => [
    name,
    JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as Story,
  ]);
}

function follow(frames: LiveFrame[]): LiveState | null {
  return frames.reduce<LiveState | null>(reduce, null);
}

describe("the reducer", () => {
  it("has stories to follow", () => {
    expect(stories().length).toBeGreaterThan(2);
  });

  it.each(stories())("knows after %s what a new connection is told", (_, { frames, then }) => {
    const { type: _type, seq: _seq, at: _at, ...today } = then;
    expect(follow(frames)?.today).toEqual(today);
  });

  it("wants a snapshot first", () => {
    const delta = stories()
      .flatMap(([, { frames }]) => frames)
      .find(({ type }) => type === "delta")!;
    expect(reduce(null, delta)).toBeNull();
  });

  it.each([0, 2])("starts over where frame 1 is followed by frame 1 + %d", (step) => {
    const [snapshot, delta] = stories()
      .map(([, { frames }]) => frames)
      .find(({ length }) => length > 1)!;
    const known = reduce(reduce(null, snapshot!), delta!);
    expect(known?.seq).toBe(1);
    expect(
      reduce(known, { type: "delta", seq: 1 + step, at: known!.at, classrooms: [], recent: [] }),
    ).toBeNull();
  });

  it("leaves what it knew as it was", () => {
    for (const [, { frames }] of stories()) {
      let known: LiveState | null = null;
      for (const frame of frames) {
        const before = structuredClone(known);
        const next = reduce(known, frame);
        expect(known).toEqual(before);
        known = next;
      }
    }
  });
});
