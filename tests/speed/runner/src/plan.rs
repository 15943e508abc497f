//! What is measured: the cases, the subjects of each, and the targets.

/// How the server is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Address,
    Name,
    Tls,
    TlsResumed,
    TlsFull,
    Http2,
}

/// A program that makes the calls of a case.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) program: &'static str,
    pub(crate) variant: &'static str,
}

pub(crate) const OURS: &str = "ours";
pub(crate) const BARE: &str = "bare";
pub(crate) const HEADERS: &str = "same headers";
pub(crate) const LIMITS: &str = "same limits";
pub(crate) const CLERK_RS: &str = "clerk-rs";
/// The bare program, run against itself.
pub(crate) const AGAIN: &str = "again";

const UREQ: &[Subject] = &[
    Subject { name: OURS, program: "ureq-ours", variant: "" },
    Subject { name: BARE, program: "ureq-by-hand", variant: "bare" },
    Subject { name: HEADERS, program: "ureq-by-hand", variant: "headers" },
    Subject { name: LIMITS, program: "ureq-by-hand", variant: "limits" },
];

const REQWEST: &[Subject] = &[
    Subject { name: OURS, program: "reqwest-ours", variant: "" },
    Subject { name: BARE, program: "reqwest-by-hand", variant: "bare" },
    Subject { name: HEADERS, program: "reqwest-by-hand", variant: "headers" },
    Subject { name: LIMITS, program: "reqwest-by-hand", variant: "limits" },
    Subject { name: CLERK_RS, program: "clerk-rs", variant: "" },
];

const DECODE: &[Subject] = &[
    Subject { name: OURS, program: "decode", variant: "ours" },
    Subject { name: BARE, program: "decode", variant: "by-hand" },
];

/// The same calls by each subject, in the same way.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// Of the table that the case is in: `ureq`, `reqwest` or `decode`.
    pub(crate) group: &'static str,
    /// As it is shown in that table.
    pub(crate) name: &'static str,
    pub(crate) call: &'static str,
    pub(crate) at: At,
    pub(crate) in_flight: usize,
    /// How many calls a run makes: about a third of a second.
    pub(crate) calls: usize,
}

impl Case {
    /// The case with this name in this group.
    pub(crate) fn named(group: &str, name: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| (case.group, case.name) == (group, name))
    }

    /// The subjects. The first is ours, the second the one by hand without limits.
    pub(crate) fn subjects(&self) -> &'static [Subject] {
        match self.group {
            "ureq" => UREQ,
            "reqwest" => REQWEST,
            _ => DECODE,
        }
    }

    /// What is measured of calls that are in flight together is how many are made in a time; of others, their CPU time.
    pub(crate) fn is_throughput(&self) -> bool {
        self.in_flight > 1
    }
}

const fn case(group: &'static str, name: &'static str, call: &'static str, at: At, calls: usize) -> Case {
    Case { group, name, call, at, in_flight: 1, calls }
}

const fn at_once(group: &'static str, name: &'static str, at: At, calls: usize) -> Case {
    Case { group, name, call: "get", at, in_flight: 64, calls }
}

pub(crate) const CASES: &[Case] = &[
    case("ureq", "get", "get", At::Address, 12_800),
    case("ureq", "token", "token", At::Address, 12_800),
    case("ureq", "list of 500", "list", At::Address, 400),
    at_once("ureq", "get, 64 threads", At::Address, 19_200),
    case("ureq", "get, by name", "get", At::Name, 12_800),
    case("ureq", "get, TLS", "get", At::Tls, 12_800),
    case("ureq", "get, new TLS connection, session resumed", "get", At::TlsResumed, 400),
    case("ureq", "get, new TLS connection", "get", At::TlsFull, 400),
    case("reqwest", "get", "get", At::Address, 12_800),
    case("reqwest", "token", "token", At::Address, 12_800),
    case("reqwest", "list of 500", "list", At::Address, 400),
    at_once("reqwest", "get, 64 in flight", At::Address, 19_200),
    case("reqwest", "get, by name", "get", At::Name, 12_800),
    case("reqwest", "get, TLS", "get", At::Tls, 12_800),
    case("reqwest", "get, new TLS connection, session resumed", "get", At::TlsResumed, 400),
    case("reqwest", "get, new TLS connection", "get", At::TlsFull, 400),
    case("reqwest", "get, HTTP/2", "get", At::Http2, 6_400),
    at_once("reqwest", "get, HTTP/2, 64 in flight", At::Http2, 12_800),
    case("decode", "session", "get", At::Address, 200_000),
    case("decode", "token", "token", At::Address, 400_000),
    case("decode", "list of 500", "list", At::Address, 400),
];

/// A ratio of ours to a subject by hand that is wanted: at most so much of CPU time, at least so much of throughput.
pub(crate) struct Target {
    pub(crate) group: &'static str,
    pub(crate) case: &'static str,
    pub(crate) to: &'static str,
    pub(crate) ratio: f64,
}

const fn target(group: &'static str, case: &'static str, to: &'static str, ratio: f64) -> Target {
    Target { group, case, to, ratio }
}

pub(crate) const TARGETS: &[Target] = &[
    target("ureq", "get", BARE, 0.95),
    target("ureq", "get", LIMITS, 0.40),
    target("ureq", "token", BARE, 0.85),
    target("ureq", "token", LIMITS, 0.40),
    target("ureq", "list of 500", BARE, 0.85),
    target("ureq", "list of 500", LIMITS, 0.85),
    target("ureq", "get, 64 threads", BARE, 0.90),
    target("ureq", "get, 64 threads", LIMITS, 3.0),
    target("reqwest", "get", BARE, 1.04),
    target("reqwest", "get", LIMITS, 1.04),
    target("reqwest", "token", BARE, 1.04),
    target("reqwest", "token", LIMITS, 1.04),
    target("reqwest", "list of 500", BARE, 0.85),
    target("reqwest", "list of 500", LIMITS, 0.85),
    target("reqwest", "get, 64 in flight", BARE, 0.95),
    target("reqwest", "get, 64 in flight", LIMITS, 0.95),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_of_a_case() {
        for target in TARGETS {
            let case = Case::named(target.group, target.case);
            let case = case.unwrap_or_else(|| panic!("{}: {}", target.group, target.case));
            assert!(case.subjects().iter().any(|subject| subject.name == target.to));
            assert_eq!(case.calls % case.in_flight, 0);
        }
    }
}
