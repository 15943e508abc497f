// What each case does. `table.mjs` says what each of its steps must end with.

import { COUNTER } from "./visitor.mjs";

const DEEP = "/me?tab=2&q=a%20b%26c&empty=";

export const CASES = {
  anonymous: async (visitor) => {
    await visitor.open("/");
    await visitor.open("/me");
    await visitor.open("/");
  },

  "sign in": async (visitor) => {
    await visitor.open("/me");
    await visitor.click("Sign in as user_demo");
  },

  "a member who is no admin": async (visitor) => {
    await visitor.open("/admin");
    await visitor.choose("org_members");
    await visitor.click("Sign in as user_demo");
  },

  "an admin, after a personal account": async (visitor) => {
    await visitor.open("/admin");
    await visitor.click("Sign in as user_demo");
    await visitor.click("Sign out");
    await visitor.click("Sign in");
    await visitor.choose("org_demo");
    await visitor.click("Sign in as user_demo");
    await visitor.click("Admins only");
  },

  "next page": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/");
    await visitor.click("Your page");
    await visitor.click("Admins only");
    await visitor.click("Home");
  },

  "expired, with a refresh token": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/me");
    await visitor.expire();
    await visitor.open("/me");
    await visitor.open("/me");
  },

  "expired, without a refresh token": {
    settings: { refresh_cookie: false },
    run: async (visitor) => {
      await visitor.signIn();
      await visitor.open("/me");
      await visitor.expire();
      await visitor.open(DEEP);
      await visitor.open("/me");
    },
  },

  "sign out": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/me");
    await visitor.click("Sign out");
  },

  "after sign-out": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/me");
    await visitor.click("Sign out");
    await visitor.open("/");
    await visitor.fetch("/api/me");
    await visitor.open("/me");
    await visitor.click("Sign in as user_guest");
  },

  "a second tab": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/me");
    const first = visitor.tab;
    await visitor.openTab("/me");
    await visitor.click("Sign out");
    visitor.tab = first;
    await visitor.fetch("/api/me");
    await visitor.click("Your page");
  },

  "a deep link with a query": async (visitor) => {
    await visitor.open(DEEP);
    await visitor.click("Sign in as user_demo");
    await visitor.open(DEEP);
  },

  "POST while expired": async (visitor) => {
    await visitor.signIn();
    await visitor.open("/me");
    await visitor.expire();
    await visitor.click("Save");
    await visitor.click("Your page");
    await visitor.click("Save");
  },

  "fetch from the page": async (visitor) => {
    await visitor.open("/");
    await visitor.fetch("/api/me");
    await visitor.signIn();
    await visitor.open("/");
    await visitor.fetch("/api/me");
    await visitor.expire();
    await visitor.fetch("/api/me");
    await visitor.fetch("/api/me");
  },

  "fetch while expired, without a refresh token": {
    settings: { refresh_cookie: false },
    run: async (visitor) => {
      await visitor.signIn();
      await visitor.open("/");
      await visitor.expire();
      await visitor.fetch("/api/me");
      await visitor.open("/");
      await visitor.fetch("/api/me");
    },
  },

  "cookies blocked": {
    blocksCookies: true,
    run: async (visitor) => {
      await visitor.open("/");
      await visitor.open("/me");
    },
  },

  "session cookies refused": {
    settings: { same_site_none: true },
    run: async (visitor) => {
      await visitor.signIn();
      await visitor.open("/me");
      await visitor.open("/me");
    },
  },

  "Clerk's clock is an hour ahead": async (visitor, fake) => {
    await fake.moveClock(3600);
    await visitor.signIn();
    await visitor.open("/");
    await visitor.open("/me");
    await fake.moveClock(-3600);
    await visitor.waitAMinute();
    await visitor.open("/me");
    await visitor.open("/me");
  },

  "Clerk's clock is an hour behind": async (visitor, fake) => {
    await fake.moveClock(-3600);
    await visitor.signIn();
    await visitor.open("/");
    await visitor.open("/me");
    await fake.moveClock(3600);
    await visitor.waitAMinute();
    await visitor.open("/me");
    await visitor.open("/me");
  },

  "keys rotated": {
    rotatesKeys: true,
    run: async (visitor, fake) => {
      await visitor.signIn();
      await visitor.open("/me");
      await fake.rotateKeys();
      await visitor.open("/me");
    },
  },

  "keys rotated, and the token has expired": {
    rotatesKeys: true,
    run: async (visitor, fake) => {
      await visitor.signIn();
      await visitor.open("/me");
      await visitor.expire();
      await fake.rotateKeys();
      await visitor.open("/me");
      await visitor.open("/me");
    },
  },

  "keys rotated twice within the cooldown": {
    rotatesKeys: true,
    run: async (visitor, fake) => {
      await visitor.signIn();
      await visitor.open("/me");
      for (const _ of [1, 2]) {
        await visitor.expire();
        await fake.rotateKeys();
        await visitor.open("/me");
      }
    },
  },

  "tabs that share the redirect counter": {
    settings: { refresh_cookie: false },
    run: async (visitor) => {
      await visitor.signIn();
      await visitor.open("/me");
      await visitor.expire();
      // As if three other tabs were at Clerk now. The cookie has no end, so that the step can't outlast it.
      await visitor.setCookie(COUNTER, "3");
      visitor.keepsCounter = true;
      await visitor.open("/me");
      visitor.keepsCounter = false;
      await visitor.open("/me");
    },
  },

  "a nonce that was lost": {
    // In development, the nonce is in the URL and not in a cookie.
    isFor: ({ production, handshake }) => production && handshake === "nonce",
    run: async (visitor) => {
      await visitor.signIn();
      await visitor.setCookie("__clerk_handshake_nonce", "hsn_lost");
      await visitor.open("/me");
      await visitor.open("/me");
      await visitor.waitAMinute();
      await visitor.open("/me");
    },
  },
};
