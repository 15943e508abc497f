//! What the programs of this package share: a subject is a program that makes the same call again and again.

#[path = "../../../src/by_hand.rs"]
pub mod by_hand;
#[path = "../../../src/canned.rs"]
pub mod canned;
pub mod job;
