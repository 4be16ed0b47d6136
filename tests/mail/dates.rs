//! When a message that waited was written, and how its recipient is spelt.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wire::time::DAY;

use crate::harness::{Server, clock_at};
use crate::mail::shares::{folder_with, now};
use crate::mail::{has_been_here, stored};

/// Those are from a day that is over, and of the same minute.
fn folder_of_yesterday() -> Arc<TempDir> {
    folder_with(&[("bob", 2, "S=99")])
}

const DATE: &str = ":groupchat NOTICE bob :2026-11-25 09:30 UTC, from eve:";

#[test]
fn a_client_that_shows_the_time_of_day_is_told_the_date_of_what_is_not_from_today() {
    let server = Server::start_in(&folder_of_yesterday(), &[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :from today", &[&stored("bob")]);
    let mut bob = server.client_with("bob", "server-time");
    bob.expect_only(&[
        ":groupchat NOTICE bob :3 messages while you were away",
        DATE,
        "@time=2026-11-25T09:30:00.000Z :eve!e@h PRIVMSG bob :0",
        "@time=2026-11-25T09:30:00.000Z :eve!e@h PRIVMSG bob :1",
        ":groupchat NOTICE bob :20* UTC, from alice:",
        "@time=* :alice!alice@127.0.0.1 PRIVMSG bob :from today",
    ]);
}

#[test]
fn a_client_without_times_is_told_all_of_them() {
    let server = Server::start_in(&folder_of_yesterday(), &[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :from today", &[&stored("bob")]);
    let mut bob = server.client_with("bob", "message-tags");
    bob.expect_only(&[
        ":groupchat NOTICE bob :3 messages while you were away",
        DATE,
        "@msgid=*;groupchat.local/waited :eve!e@h PRIVMSG bob :0",
        "@msgid=*;groupchat.local/waited :eve!e@h PRIVMSG bob :1",
        ":groupchat NOTICE bob :20* UTC, from alice:",
        "@msgid=*;groupchat.local/waited :alice!alice@127.0.0.1 PRIVMSG bob :from today",
    ]);
}

#[test]
fn a_client_that_shows_when_they_were_written_is_told_nothing() {
    let server = Server::start_in(&folder_of_yesterday(), &[]);
    let mut bob = server.client_with("bob", "server-time groupchat.local/waited");
    bob.expect_only(&[
        ":groupchat NOTICE bob :2 messages while you were away",
        "@time=2026-11-25T09:30:00.000Z :eve!e@h PRIVMSG bob :0",
        "@time=2026-11-25T09:30:00.000Z :eve!e@h PRIVMSG bob :1",
    ]);
}

#[test]
fn today_is_what_the_clock_of_the_machine_says() {
    let folder = Arc::new(TempDir::new().unwrap());
    // That of the data folder, by which messages expire, is not where the machine's is after days of a holiday.
    fs::write(folder.path().join("clock"), clock_at(now() + 2 * DAY)).unwrap();
    let server = Server::start_in(&folder, &[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :psst", &[&stored("bob")]);
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    bob.expect_only(&["@time=* :alice!alice@127.0.0.1 PRIVMSG bob :psst"]);
}

#[test]
fn the_recipient_is_spelt_as_its_owner_does_it() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG BOB :psst", &[&stored("BOB")]);
    alice.ask("NOTICE bob :BOB bob", &[]);
    let mut bob = server.client_with("Bob", "server-time");
    bob.expect(":groupchat NOTICE Bob :2 messages while you were away");
    bob.expect_only(&["@time=* PRIVMSG Bob :psst", "@time=* NOTICE Bob :BOB bob"]);
}
