//! Fetches that end late, or at another time than expected.

use super::*;

#[test]
fn a_fetch_that_nobody_drives_is_made_by_the_next_call() {
    let verifier = verifier();
    let token = token();
    let mut stuck = verifier.verify(&token, NOW);
    let mut next = verifier.verify(&token, NOW);
    assert!(matches!(stuck.step(s(0)), Step::Send { .. }));
    assert!(matches!(next.step(s(20)), Step::Wait(_)));
    assert!(matches!(next.step(s(21)), Step::Send { .. }));
    let mut third = verifier.verify(&token, NOW);
    assert!(matches!(third.step(s(22)), Step::Wait(_)), "the second fetch is under way");
    next.on_response(ok(&jwks(&[signer()])), s(23));
    assert!(matches!(next.step(s(23)), Step::Done) && is_ok(&next.finish()));
    stuck.on_response(ok(&jwks(&[other_signer()])), s(24));
    assert!(matches!(stuck.step(s(24)), Step::Done) && is_ok(&stuck.finish()), "newer keys are kept");
}

#[test]
fn a_late_fetch_ends_no_pause_and_begins_none() {
    let verifier = verifier();
    let fetch = |flow: &mut VerifyToken<'_>, now| assert!(matches!(flow.step(now), Step::Send { .. }));
    assert!(is_ok(&verify(&verifier, &token(), s(0), &ok(&jwks(&[signer()]))).0));
    let unknown = unknown_token();
    let (mut late, mut failing) = (verifier.verify(&unknown, NOW), verifier.verify(&unknown, NOW));
    fetch(&mut late, s(100));
    fetch(&mut failing, s(130));
    failing.on_response(status(500), s(131));
    assert!(matches!(failing.step(s(131)), Step::Done) && failing.finish().is_err());
    // The keys of a later fetch are there, so neither this response nor this failure says anything new.
    assert!(is_unknown(&verify(&verifier, &unknown, s(132), &ok(&jwks(&[signer()]))).0));
    late.on_response(ok(&jwks(&[signer()])), s(133));
    assert!(matches!(late.step(s(133)), Step::Done) && is_unknown(&late.finish()));
    let (outcome, requests) = verify(&verifier, &unknown, s(161), &status(500));
    assert!(is_unknown(&outcome) && requests == 0, "the cooldown begins with the newest fetch");

    let mut late = verifier.verify(&unknown, NOW);
    fetch(&mut late, s(200));
    assert!(is_unknown(&verify(&verifier, &unknown, s(230), &ok(&jwks(&[signer()]))).0));
    late.on_response(status(500), s(231));
    assert!(matches!(late.step(s(231)), Step::Done) && late.finish().is_err());
    assert!(is_unknown(&verify(&verifier, &unknown, s(231), &status(500)).0), "there is no pause");
}

#[test]
fn keys_that_arrive_too_late_are_fetched_again() {
    let verifier = verifier();
    let token = token();
    let mut late = verifier.verify(&token, NOW);
    assert!(matches!(late.step(s(0)), Step::Send { .. }));
    // The program was suspended with the response in a buffer, and the key was withdrawn since then.
    late.on_response(ok(&jwks(&[signer()])), s(400));
    assert!(matches!(late.step(s(400)), Step::Send { .. }));
    late.on_response(ok(&jwks(&[other_signer()])), s(401));
    assert!(matches!(late.step(s(401)), Step::Done) && is_unknown(&late.finish()));
}

#[test]
fn keys_of_a_fetch_that_began_before_they_were_forgotten_are_not_used() {
    let verifier = verifier();
    let token = token();
    let mut flow = verifier.verify(&token, NOW);
    assert!(matches!(flow.step(s(0)), Step::Send { .. }));
    verifier.forget_keys();
    let mut next = verifier.verify(&token, NOW);
    assert!(matches!(next.step(s(1)), Step::Send { .. }), "it does not wait for the keys that were forgotten");
    flow.on_response(ok(&jwks(&[other_signer()])), s(2));
    assert!(matches!(flow.step(s(2)), Step::Wait(_)), "its keys are not used");
    next.on_response(ok(&jwks(&[signer()])), s(3));
    for mut flow in [next, flow] {
        assert!(matches!(flow.step(s(3)), Step::Done) && is_ok(&flow.finish()));
    }
}

#[test]
fn a_step_while_a_request_is_under_way_changes_nothing() {
    let verifier = verifier();
    let token = token();
    let (mut flow, mut warm_up) = (verifier.verify(&token, NOW), verifier.warm_up());
    assert!(matches!(flow.step(s(0)), Step::Send { .. }));
    assert!(matches!(flow.step(s(0)), Step::Done));
    assert!(matches!(warm_up.step(s(0)), Step::Wait(_)), "the fetch is under way");
    flow.on_response(ok(&jwks(&[signer()])), s(1));
    assert!(matches!(flow.step(s(1)), Step::Done) && is_ok(&flow.finish()));
    assert!(matches!(warm_up.step(s(1)), Step::Done) && warm_up.finish().is_ok());
}

#[test]
fn no_time_overflows() {
    let verifier = verifier();
    let token = token();
    let mut flow = verifier.verify(&token, Duration::MAX);
    assert!(matches!(flow.step(s(0)), Step::Send { .. }));
    flow.on_response(ok(&jwks(&[signer()])), s(1));
    assert!(matches!(flow.step(s(1)), Step::Done));
    assert_eq!(flow.finish().unwrap().unwrap_err().reason(), Reason::TokenExpired);
    verifier.forget_keys();
    assert!(verify(&verifier, &token, Duration::MAX, &status(500)).0.is_err());
}
