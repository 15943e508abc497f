//! Shared code of the subjects. A subject is a program that makes the same call many times.

#[path = "../../../src/by_hand.rs"]
pub mod by_hand;
#[path = "../../../src/canned.rs"]
pub mod canned;
pub mod in_process;
pub mod job;
pub mod tokens;
