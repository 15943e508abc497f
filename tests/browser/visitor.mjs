// A person with a browser: opens pages, clicks, and notes what each step ends with.

import { Traffic, isHandshake } from "./traffic.mjs";

/** The most handshakes in a row: Clerk's libraries count them in a cookie. */
const GUARD = 3;

/** That cookie. */
export const COUNTER = "__clerk_redirect_count";

export class Visitor {
  /** What each step has ended with: `{ step, end, handshakes }`. */
  ends = [];
  /** What is wrong, whatever the table says. */
  faults = [];

  /** `pictures` is the start of the paths of pictures, one of each page, or `null`. */
  static async of(context, app, instance, pictures) {
    const visitor = new Visitor();
    Object.assign(visitor, { context, app, instance, pictures, tabs: [], keepsCounter: false });
    visitor.tab = await visitor.newTab();
    return visitor;
  }

  async newTab() {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.faults.push(`error of the page ${page.url()}: ${error}`));
    page.on("crash", () => this.faults.push("the tab has crashed"));
    const tab = { page, traffic: await Traffic.of(page) };
    this.tabs.push(tab);
    return tab;
  }

  /** Signs in without the page, ten minutes ago. So tokens that have expired since then are newer than the sign-in. */
  async signIn(user = "user_demo", organization = "org_demo") {
    const { fake } = this.app;
    await fake.moveClock(-600);
    await this.tab.page.goto(fake.signInUrl(user, organization));
    await fake.moveClock(600);
    this.tab.traffic.take();
  }

  /** Replaces the session token in the browser by one that has expired, as if time had passed. */
  async expire() {
    const cookies = (await this.context.cookies()).filter(({ name }) => name.startsWith("__session"));
    if (!cookies.length) throw new Error("the browser has no session token");
    const payload = JSON.parse(Buffer.from(cookies[0].value.split(".")[1], "base64url"));
    const value = await this.app.fake.expiredToken(payload.sid, this.app.origin);
    await this.context.addCookies(cookies.map((cookie) => ({ ...cookie, value })));
  }

  /** Sets a cookie of the app. */
  setCookie(name, value) {
    return this.context.addCookies([{ name, value, url: this.app.origin }]);
  }

  /** Removes the cookies that live for a minute or less, as if it had passed. The token stays as good as it is. */
  async waitAMinute() {
    for (const name of ["__clerk_handshake", "__clerk_handshake_nonce", COUNTER]) await this.removeCookie(name);
  }

  removeCookie(name) {
    return this.context.clearCookies({ name });
  }

  open(target) {
    return this.load(`open ${target}`, (page) => page.goto(this.app.origin + target));
  }

  /** Opens it in a second tab, which stays the one that is looked at. */
  async openTab(target) {
    this.tab = await this.newTab();
    return this.load(`open ${target} in another tab`, (page) => page.goto(this.app.origin + target));
  }

  /** Clicks a link or a button that leads to a page. */
  click(label) {
    return this.load(`click ${label}`, async (page) => {
      const name = { name: label, exact: true };
      const target = page.getByRole("link", name).or(page.getByRole("button", name));
      await Promise.all([page.waitForEvent("load"), target.click()]);
    });
  }

  /** Chooses an organization on the page to sign in. */
  choose(organization) {
    return this.tab.page.getByLabel("Account").selectOption(organization);
  }

  /** Fetches data, as a script in the page does. */
  async fetch(target) {
    const { page, traffic } = this.tab;
    traffic.take();
    const end = await page.evaluate(async (target) => {
      const response = await fetch(target);
      const json = await response.json();
      return `${response.status} ${json.user_id ?? json.error}${response.redirected ? ", redirected" : ""}`;
    }, target);
    await this.note(`fetch ${target}`, end);
  }

  async load(step, act) {
    const { page, traffic } = this.tab;
    traffic.take();
    // It lives for two seconds. A person takes longer between two steps.
    if (!this.keepsCounter) await this.removeCookie(COUNTER);
    try {
      await act(page);
    } catch (error) {
      const code = /net::(ERR_\w+)/.exec(error.message)?.[1];
      if (!code) throw error;
      return this.note(step, code);
    }
    const text = async (selector) => (await page.locator(selector).textContent()).trim();
    await this.takePicture();
    await this.note(step, `${traffic.status} ${this.place(page.url())}: ${await text("h1")}, ${await text("#user")}`);
  }

  /** The URL without the parts that differ from run to run. */
  place(text) {
    const url = new URL(text);
    const query = (url) => {
      // A handshake writes `+` for `%20`, which means the same.
      const pairs = new URLSearchParams(url.search);
      const token = pairs.has("__clerk_handshake");
      pairs.delete("__clerk_handshake");
      return token ? `?__clerk_handshake=(a token)${pairs}` : pairs.size ? `?${pairs}` : "";
    };
    if (url.origin === this.app.origin) return url.pathname + query(url);
    if (url.origin !== this.app.fake.frontend) return text;
    const back = url.searchParams.get("redirect_url");
    return url.pathname + (back ? ` for ${this.place(back)}` : "");
  }

  async note(step, end) {
    const requests = this.tab.traffic.take();
    const handshakes = requests.filter(isHandshake).length;
    if (handshakes > GUARD && !end.startsWith("ERR_")) this.faults.push(`${step}: ${handshakes} handshakes in a row`);
    // Each handshake sends the browser away and back, and in development once more to the URL without the result. One redirect is
    // for the page to sign in or out.
    const most = 2 + handshakes * (this.instance.production ? 2 : 3);
    if (requests.length > most) {
      const urls = requests.map(({ url }) => url).join(" ");
      this.faults.push(`${step}: ${requests.length} requests with ${handshakes} handshakes: ${urls}`);
    }
    const refreshes = await this.app.fake.takeRefreshes();
    this.ends.push({ step, end: refreshes ? `${end}, refreshed` : end, handshakes });
  }

  async takePicture() {
    const path = `${this.pictures}-${this.ends.length + 1}.png`;
    if (this.pictures) await this.tab.page.screenshot({ path });
  }

  /** All `Set-Cookie` lines, and those that the browser refused. */
  cookies() {
    return {
      lines: this.tabs.flatMap(({ traffic }) => traffic.cookies),
      refused: this.tabs.flatMap(({ traffic }) => traffic.refused),
    };
  }
}
