// Starts Chromium.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const PATH = process.env.CHROMIUM || "/usr/bin/chromium";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-proxy-server",
  // Nothing but this machine can be reached.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost",
];

/** What to do if there is no Chromium, or `null`. */
export function missingChromium() {
  if (existsSync(PATH)) return null;
  return `${PATH} is missing: run \`bash .ci/install system\`, or set CHROMIUM to the path of a Chromium`;
}

const OPTIONS = { executablePath: PATH, args: ARGUMENTS, chromiumSandbox: false };
const WINDOW = { viewport: { width: 900, height: 500 } };

/** One Chromium, which starts when it is needed. Each profile of it is new and shares nothing with others. */
export class Browser {
  #running = null;

  /** Calls `use` with a new profile, and removes it. */
  async withProfile({ blocksCookies = false }, use) {
    if (blocksCookies) return withBlockedCookies(use);
    this.#running ??= chromium.launch(OPTIONS);
    const context = await (await this.#running).newContext(WINDOW);
    return closing(context, use);
  }

  async close() {
    await (await this.#running)?.close();
  }
}

/** Only the settings of a profile in a folder can block cookies. */
async function withBlockedCookies(use) {
  const folder = await mkdtemp(join(tmpdir(), "clerk-sessions-profile-"));
  try {
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    await mkdir(join(folder, "Default"));
    await writeFile(join(folder, "Default/Preferences"), JSON.stringify(settings));
    return await closing(await chromium.launchPersistentContext(folder, { ...OPTIONS, ...WINDOW }), use);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function closing(context, use) {
  try {
    context.setDefaultTimeout(20_000);
    return await use(context);
  } finally {
    await context.close();
  }
}
