//! Tests of panics, which nothing else can cause: this test runs itself again at a terminal of its own, and fails there.

use super::*;
use crate::core::settings::turn;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::process::{Command, Stdio};

/// Set in the second run.
const IS_INNER: &str = "GROUPCHAT_PANIC_TEST";

fn is_raw() -> bool {
    !tcgetattr(io::stdin()).unwrap().local_modes.contains(LocalModes::ICANON)
}

#[test]
fn a_panic_of_the_main_thread_alone_ends_the_raw_mode() {
    if env::var_os(IS_INNER).is_some() {
        let modes = Arc::new(Modes::of_terminal().unwrap());
        restore_after_panic(Arc::clone(&modes));
        modes.raw(false);
        // A transfer has failed, and the user types on.
        assert!(thread::spawn(|| panic!("not the main thread")).join().is_err());
        if !is_raw() {
            std::process::exit(1);
        }
        panic!("the main thread");
    }
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let terminal = || open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let watched = terminal();
    let before = format!("{:?}", tcgetattr(&watched).unwrap());
    let mut again = Command::new("setsid");
    again.args(["--ctty", "--wait"]).arg(env::current_exe().unwrap());
    again.args(["--exact", "editor::tests::a_panic_of_the_main_thread_alone_ends_the_raw_mode", "--test-threads=1"]);
    again.env(IS_INNER, "1").stdin(terminal()).stdout(Stdio::null()).stderr(Stdio::null());
    let turn = turn();
    let mut child = again.spawn().unwrap();
    drop(turn);
    let status = child.wait().unwrap();
    // As a test that has failed ends.
    assert_eq!(status.code(), Some(101));
    assert_eq!(format!("{:?}", tcgetattr(&watched).unwrap()), before);
}
