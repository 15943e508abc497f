// Starts the apps: `webapp`, which has its own FakeClerk, and the reference app with the program `fake-clerk`.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Fake } from "./fake.mjs";
import { seedOf } from "./seed.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PROGRAMS = join(process.env.CARGO_TARGET_DIR ?? join(HERE, "../../target"), "debug");

/** Returns `{ origin, fake, problems(), stop() }`. `instance` is `{ production, handshake }`. */
export const APPS = { ours: startOurs, reference: startReference };

async function startOurs(instance) {
  const options = instance.production ? [] : ["--development"];
  if (instance.handshake === "token") options.push("--token");
  const program = await start(join(PROGRAMS, "examples/webapp"), options, {}, 2);
  const [origin, fake] = program.lines;
  return running(origin, fake.replace("FakeClerk: ", ""), [program]);
}

async function startReference(instance) {
  const folder = await mkdtemp(join(tmpdir(), "clerk-sessions-browser-"));
  const state = join(folder, "seed.json");
  await writeFile(state, JSON.stringify(seedOf(instance)));
  const fake = await start(join(PROGRAMS, "fake-clerk"), ["--state", state], {}, 4);
  await rm(folder, { recursive: true });
  const environment = Object.fromEntries(fake.lines.map((line) => line.split(/=(.*)/s)));
  const app = await start(process.execPath, [join(HERE, "reference-app.mjs")], environment, 1);
  // Clerk's library prints what it finds wrong with tokens.
  return running(app.lines[0], environment.CLERK_API_URL, [{ ...app, problems: app.ended }, fake]);
}

function running(origin, fakeUrl, programs) {
  return {
    origin,
    fake: new Fake(fakeUrl),
    /** What the programs have printed as errors, and whether they have ended. */
    problems: () => programs.flatMap((program) => program.problems()),
    stop: () => Promise.all(programs.map((program) => program.stop())),
  };
}

/** What still runs. A program must not outlive this one, even if a case fails in an unexpected way. */
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill()));

/** Starts a program, and waits until it has printed that many lines. */
async function start(path, options, environment, count) {
  const { HOME, PATH } = process.env;
  const child = spawn(path, options, { env: { HOME, PATH, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const ended = new Promise((resolve) => child.once("close", resolve)).then(() => children.delete(child));
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  const lines = [];
  await new Promise((resolve, reject) => {
    const hint = "`cargo xtask browser` builds what it starts";
    child.once("error", (error) => reject(new Error(`${error.message}: ${hint}`)));
    child.once("close", (code) => reject(new Error(`${path} ended with ${code}: ${errors}`)));
    createInterface(child.stdout).on("line", (line) => lines.push(line) === count && resolve());
  });
  const endedEarly = () => (child.exitCode === null && child.signalCode === null ? [] : [`${path} has ended`]);
  return {
    lines,
    ended: endedEarly,
    problems: () => [...(errors ? [`${path} printed an error: ${errors.trim()}`] : []), ...endedEarly()],
    stop: () => child.kill() && ended,
  };
}
