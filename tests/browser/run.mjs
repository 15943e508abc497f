// Runs the cases. `node run.mjs --help` lists the options.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { APPS } from "./apps.mjs";
import { Browser, missingChromium } from "./browser.mjs";
import { CASES } from "./cases.mjs";
import { cookieFault } from "./cookie-rules.mjs";
import { seedOf } from "./seed.mjs";
import { faultsOfEnds } from "./table.mjs";
import { Visitor } from "./visitor.mjs";

const HELP = `Usage: node run.mjs [OPTION]...

  --app ours|reference  only the example webapp, or only the app on @clerk/backend [default: both]
  --only TEXT           only the cases and instances whose name contains this text; may be repeated
  --pictures DIR        writes a picture of the page after each step into this folder
  --help                this text
`;

const { values: options } = parseArgs({
  options: {
    app: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    pictures: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  process.stdout.write(HELP);
  process.exit();
}
const missing = missingChromium();
if (missing) {
  console.error(`error: ${missing}`);
  process.exit(1);
}
const browser = new Browser();

const INSTANCES = ["production", "development"].flatMap((kind) =>
  ["nonce", "token"].map((handshake) => ({ name: `${kind}, ${handshake}`, production: kind === "production", handshake })),
);

/** Runs one case, and returns what is wrong. */
async function run(app, appName, instance, caseName) {
  const { run, settings, blocksCookies } = definition(caseName);
  await app.fake.reset(seedOf(instance, settings));
  return browser.withProfile({ blocksCookies }, async (context) => {
    const visitor = await Visitor.of(context, app, instance, picturesOf(appName, instance, caseName));
    const faults = [];
    try {
      await run(visitor, app.fake);
    } catch (error) {
      faults.push(`after ${JSON.stringify(visitor.ends.at(-1))}: ${error.stack}`);
    }
    const { lines, refused } = visitor.cookies();
    faults.push(...visitor.faults, ...app.problems());
    faults.push(...lines.map((line) => cookieFault(line, settings?.same_site_none)).filter(Boolean));
    const mayRefuse = blocksCookies || settings?.same_site_none;
    const isWrong = mayRefuse ? lines.length && !refused.length : refused.length;
    if (isWrong) faults.push(`cookies refused by the browser: ${refused.join("\n") || "none"}`);
    return [...faults, ...faultsOfEnds(caseName, appName, instance, visitor.ends)];
  });
}

function definition(caseName) {
  const found = CASES[caseName];
  return typeof found === "function" ? { run: found } : found;
}

/** The start of the paths of its pictures, if there are any. */
function picturesOf(appName, instance, caseName) {
  const name = `${appName} ${instance.name} ${caseName}`.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase();
  return options.pictures ? join(options.pictures, name) : null;
}

if (options.pictures) await mkdir(options.pictures, { recursive: true });
const jobs = Object.keys(APPS)
  .filter((app) => (options.app ?? app) === app)
  .flatMap((app) => INSTANCES.flatMap((instance) => Object.keys(CASES).map((name) => [app, instance, name])))
  .filter(([, instance, name]) => CASES[name].isFor?.(instance) ?? true)
  .filter(([, instance, name]) => options.only.every((text) => `${name} (${instance.name})`.includes(text)));

const started = Date.now();
let failed = 0;

/** Takes jobs until none is left. Cases share an app, except that one that has seen other keys may keep them. */
async function work() {
  let app = null;
  let key = null;
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    const [appName, instance, name] = job;
    const { rotatesKeys } = definition(name);
    const wanted = `${appName} ${instance.name}`;
    if (key !== wanted) {
      await app?.stop();
      app = await APPS[appName](instance);
    }
    key = rotatesKeys ? null : wanted;
    const from = Date.now();
    const faults = await run(app, appName, instance, name);
    console.log(`${faults.length ? "FAILED" : "ok"}  ${wanted}: ${name} (${Date.now() - from} ms)`);
    for (const fault of faults) console.log(`    ${fault}`);
    failed += faults.length ? 1 : 0;
  }
  await app?.stop();
}

const count = jobs.length;
// More would slow each other down, so that cookies of two seconds end too early.
await Promise.all([work(), work()]);
await browser.close();
console.log(`${count - failed} of ${count} cases passed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = failed || !count ? 1 : 0;
