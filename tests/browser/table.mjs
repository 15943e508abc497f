// What each step of each case must end with: the only place where it is written.
//
// A row is [step, end, handshakes]. An end is the status, the place and the heading of the page, who is signed in, and whether the app
// has refreshed the session. The place of the sign-in page also says which page it goes back to. Where an end differs between instances, `by` says how. Where Clerk's own
// library ends otherwise, a fourth member says why.

const SIGN_IN = "FakeClerk, Nobody is signed in.";
const STILL_IN = "FakeClerk, Signed in as user_demo.";
const DEEP = "/me?tab=2&q=a%20b%26c&empty=";
const DEEP_PLACE = "/me?tab=2&q=a+b%26c&empty=";

/** In development, the first page makes Clerk know the browser. */
const FIRST = by(0, 1);
const ME = "200 /me: Your page, user_demo";
const REFRESHED = `${ME}, refreshed`;

export const TABLE = {
  anonymous: [
    ["open /", "200 /: Home, visitor", FIRST],
    ["open /me", `200 /sign-in for /me: ${SIGN_IN}`, 0],
    ["open /", "200 /: Home, visitor", 0],
  ],
  "sign in": [
    ["open /me", `200 /sign-in for /me: ${SIGN_IN}`, FIRST],
    ["click Sign in as user_demo", ME, 1],
  ],
  "a member who is no admin": [
    ["open /admin", `200 /sign-in for /admin: ${SIGN_IN}`, FIRST],
    ["click Sign in as user_demo", "403 /admin: Not allowed, user_demo", 1],
  ],
  "an admin, after a personal account": [
    ["open /admin", `200 /sign-in for /admin: ${SIGN_IN}`, FIRST],
    ["click Sign in as user_demo", "403 /admin: Not allowed, user_demo", 1],
    ["click Sign out", "200 /: Home, visitor", 1],
    ["click Sign in", `200 /sign-in for /: ${SIGN_IN}`, 0],
    ["click Sign in as user_demo", "200 /: Home, user_demo", 1],
    ["click Admins only", "200 /admin: Admins only, user_demo", 0],
  ],
  "next page": [
    ["open /", "200 /: Home, user_demo", 1],
    ["click Your page", ME, 0],
    ["click Admins only", "200 /admin: Admins only, user_demo", 0],
    ["click Home", "200 /: Home, user_demo", 0],
  ],
  "expired, with a refresh token": [
    ["open /me", ME, 1],
    ["open /me", REFRESHED, 0],
    ["open /me", ME, 0],
  ],
  "expired, without a refresh token": [
    ["open /me", ME, 1],
    [`open ${DEEP}`, `200 ${DEEP_PLACE}: Your page, user_demo`, 1],
    ["open /me", ME, 0],
  ],
  "sign out": [
    ["open /me", ME, 1],
    ["click Sign out", "200 /: Home, visitor", 1],
  ],
  "after sign-out": [
    ["open /me", ME, 1],
    ["click Sign out", "200 /: Home, visitor", 1],
    ["open /", "200 /: Home, visitor", 0],
    ["fetch /api/me", "401 not signed in", 0],
    ["open /me", `200 /sign-in for /me: ${SIGN_IN}`, 0],
    ["click Sign in as user_guest", "200 /me: Your page, user_guest", 1],
  ],
  "a second tab": [
    ["open /me", ME, 1],
    ["open /me in another tab", ME, 0],
    ["click Sign out", "200 /: Home, visitor", 1],
    ["fetch /api/me", "401 not signed in", 0],
    ["click Your page", `200 /sign-in for /me: ${SIGN_IN}`, 0],
  ],
  "a deep link with a query": [
    [`open ${DEEP}`, `200 /sign-in for ${DEEP_PLACE}: ${SIGN_IN}`, FIRST],
    ["click Sign in as user_demo", `200 ${DEEP_PLACE}: Your page, user_demo`, 1],
    [`open ${DEEP}`, `200 ${DEEP_PLACE}: Your page, user_demo`, 0],
  ],
  // A form can't be sent again by a redirect, and a refresh is for GET only.
  "POST while expired": [
    ["open /me", ME, 1],
    ["click Save", "401 /me: Not signed in, visitor", 0],
    ["click Your page", REFRESHED, 0],
    ["click Save", "200 /me: Saved, user_demo", 0],
  ],
  "fetch from the page": [
    ["open /", "200 /: Home, visitor", FIRST],
    ["fetch /api/me", "401 not signed in", 0],
    ["open /", "200 /: Home, user_demo", 1],
    ["fetch /api/me", "200 user_demo", 0],
    ["fetch /api/me", "200 user_demo, refreshed", 0],
    ["fetch /api/me", "200 user_demo", 0],
  ],
  "fetch while expired, without a refresh token": [
    ["open /", "200 /: Home, user_demo", 1],
    ["fetch /api/me", "401 not signed in", 0],
    ["open /", "200 /: Home, user_demo", 1],
    ["fetch /api/me", "200 user_demo", 0],
  ],
  // A development instance has to know each browser, by a cookie. The guard against loops is a cookie, too, so that only the browser
  // ends this loop. Clerk's own library does the same.
  "cookies blocked": [
    ["open /", by("200 /: Home, visitor", "ERR_TOO_MANY_REDIRECTS"), by(0, 7)],
    ["open /me", by(`200 /sign-in for /me: ${SIGN_IN}`, "ERR_TOO_MANY_REDIRECTS"), by(0, 7)],
  ],
  // In production, the handshake itself signs the user in. The directive that removes its result is refused, too: for a minute, a token
  // still signs the user in, and a nonce, which has been used, signs nobody in. In development, the handshake leads to the same URL
  // without its result, where the user is a stranger: the guard ends that.
  "session cookies refused": [
    ["open /me", by(ME, `200 /sign-in for /me: ${STILL_IN}`), by(1, 3)],
    ["open /me", by({ nonce: `200 /sign-in for /me: ${STILL_IN}`, token: ME }, `200 /sign-in for /me: ${STILL_IN}`), by(0, 3)],
  ],
  // Nobody is signed in while the clocks differ, in development neither: the tolerance of a day is for the request with the result of
  // a handshake, which leads to one without. In production, the used nonce stays, as above. When the clocks agree again, the time of
  // the sign-in is later than each token, so that a page asks Clerk for a newer one; in development, it never gets one.
  "Clerk's clock is an hour ahead": [
    ["open /", "200 /: Home, visitor", 3],
    ["open /me", `200 /sign-in for /me: ${STILL_IN}`, by({ nonce: 0, token: 3 }, 3)],
    ["open /me", by(ME, `200 /sign-in for /me: ${STILL_IN}`), by(1, 3)],
    ["open /me", by(ME, `200 /sign-in for /me: ${STILL_IN}`), by(1, 3)],
  ],
  // In development, the expired token is kept, and refreshed by one that has expired, too. Each refresh token works once.
  "Clerk's clock is an hour behind": [
    ["open /", by("200 /: Home, visitor", "200 /: Home, visitor, refreshed"), 3],
    [
      "open /me",
      by(`200 /sign-in for /me: ${STILL_IN}`, `200 /sign-in for /me: ${STILL_IN}, refreshed`),
      by({ nonce: 0, token: 3 }, 3),
    ],
    ["open /me", by(ME, REFRESHED), 1],
    ["open /me", ME, 0],
  ],
  // Keys are kept for five minutes.
  "keys rotated": [
    ["open /me", ME, 1],
    ["open /me", ME, 0],
  ],
  "keys rotated, and the token has expired": [
    ["open /me", ME, 1],
    ["open /me", REFRESHED, 0],
    ["open /me", ME, 0],
  ],
  "keys rotated twice within the cooldown": [
    ["open /me", ME, 1],
    ["open /me", REFRESHED, 0],
    [
      "open /me",
      by(`200 /sign-in for /me: ${STILL_IN}, refreshed`, {
        nonce: `200 /sign-in for /me: ${STILL_IN}, refreshed`,
        token: "500 /me?__clerk_handshake=(a token): Not available, visitor, refreshed",
      }),
      by(3, { nonce: 3, token: 1 }),
      {
        why: "An unknown key id makes us fetch the keys at most once in 30 s. Clerk's library does it for each such token.",
        end: REFRESHED,
        handshakes: 0,
      },
    ],
  ],
  "tabs that share the redirect counter": [
    ["open /me", ME, 1],
    ["open /me", `200 /sign-in for /me: ${STILL_IN}`, 0],
    ["open /me", ME, 1],
  ],
  // While that cookie lives, for a minute, each page takes it for the result of a handshake in which nobody is signed in.
  "a nonce that was lost": [
    ["open /me", `200 /sign-in for /me: ${STILL_IN}`, 0],
    ["open /me", `200 /sign-in for /me: ${STILL_IN}`, 0],
    ["open /me", ME, 1],
  ],
};

/** A value that depends on the kind of instance; each may depend on how handshakes pass their result. */
function by(production, development) {
  return { production, development };
}

function valueFor(instance, value) {
  const isChoice = value !== null && typeof value === "object";
  if (!isChoice) return value;
  const key = "production" in value ? (instance.production ? "production" : "development") : instance.handshake;
  return valueFor(instance, value[key]);
}

/** One line for each step that ended otherwise. */
export function faultsOfEnds(caseName, app, instance, ends) {
  const rows = TABLE[caseName] ?? [];
  const expected = rows.map(([step, end, handshakes, reference]) => {
    const due = app === "reference" && reference ? reference : { end, handshakes };
    return line({ step, end: valueFor(instance, due.end), handshakes: valueFor(instance, due.handshakes) });
  });
  const found = ends.map(line);
  const faults = [];
  for (let at = 0; at < Math.max(expected.length, found.length); at++) {
    if (expected[at] === found[at]) continue;
    const [due, is] = [expected[at] ?? "(no step)", found[at] ?? "(no step)"];
    faults.push(`step ${at + 1}\n      must be: ${due}\n      is:      ${is}`);
  }
  return faults;
}

function line({ step, end, handshakes }) {
  return `${step} -> ${end}; handshakes: ${handshakes}`;
}
