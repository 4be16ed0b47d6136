//! Each way out leaves the terminal as it was, and nothing for the shell.

use std::process::Command;

use super::mel_and_albert;
use super::window::Window;
use crate::client::person::{Home, WELCOME};
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

#[test]
fn every_way_out_leaves_the_terminal_as_it_was() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    for (way, code) in
        [("tata\r", 0), ("/quit bye\r", 0), ("\x04", 0), ("half\x03\x03\x03", 0), ("TERM", 0), ("INT", 0), ("HUP", 0)]
    {
        let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
        let before = window.modes();
        window.expect_prompt("#lobby> |");
        assert_ne!(window.modes(), before);
        if way.chars().all(char::is_uppercase) {
            window.type_text("half");
            window.expect_prompt("#lobby> half|");
            window.signal(way);
        } else {
            window.type_text(way);
        }
        assert_eq!(window.expect_end().code(), Some(code), "{way:?}");
        window.expect("the end", |screen| screen.contents().contains("DISCONNECTED!!"));
        window.expect("no paste mode", |screen| !screen.bracketed_paste());
        assert_eq!(window.modes(), before, "{way:?}");
        assert!(!window.rows().iter().any(|row| row.starts_with("#lobby> half")), "{way:?}: {:?}", window.rows());
    }
}

#[test]
fn a_client_that_is_ended_says_what_was_not_sent() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling_by_default(server.addresses[0]);
    let open = || {
        let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
        let before = window.modes();
        window.expect_prompt("#lobby> |");
        window.type_text("one\x1b\rtwo");
        window.expect_prompt("two|");
        (window, before)
    };
    let (mut window, before) = open();
    window.signal("TERM");
    assert_eq!(window.expect_end().code(), Some(0));
    window.expect_row("Not sent: one");
    window.expect_row("          two");
    assert_eq!(window.modes(), before);
    // Another client of the same person takes the name.
    let (mut window, before) = open();
    let mut other = home.start(&["--nick", "mel", "--take-over"]);
    other.skip_to(WELCOME);
    assert_eq!(window.expect_end().code(), Some(1));
    window.expect_row("Not sent: one");
    window.expect("the reason", |screen| screen.contents().contains("another client of yours has the name now"));
    window.expect("no paste mode", |screen| !screen.bracketed_paste());
    assert_eq!(window.modes(), before);
    // Nothing of it is left for a shell, nor what is typed behind it.
    let mut window = in_shell(&home, &["--nick", "tesla"]);
    window.expect_prompt("#lobby> |");
    window.type_text("touch trap");
    window.expect_prompt("#lobby> touch trap|");
    let mut other = home.start(&["--nick", "tesla", "--take-over"]);
    other.skip_to(WELCOME);
    window.expect_row("Not sent: touch trap");
    window.expect_prompt("shell: |");
    // An answer to a question is no message.
    let mut window = Window::open(&home.client(&[]), 80, 24);
    window.expect_row("Enter username");
    window.type_text("mel");
    window.signal("TERM");
    window.expect_end();
    assert!(!window.rows().iter().any(|row| row.starts_with("Not sent")), "{:?}", window.rows());
}

#[test]
fn the_user_can_leave_while_there_is_no_server() {
    for way in ["\x15tata\r", "\x03\x03\x03", "\x15\x04"] {
        let server = Server::start(&["--flood", "0"]);
        let home = Home::calling(server.addresses[0]);
        let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
        let before = window.modes();
        window.expect_prompt("#lobby> |");
        window.type_text("half");
        drop(server);
        window.expect_row("Connection lost");
        window.expect_prompt("#lobby> half|");
        window.type_text(way);
        assert_eq!(window.expect_end().code(), Some(0), "{way:?}");
        assert_eq!(window.modes(), before, "{way:?}");
    }
}

#[test]
fn no_signal_of_the_keyboard_ends_it_in_raw_mode() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
    let before = window.modes();
    window.expect_prompt("#lobby> |");
    window.type_text("half\x1c");
    window.expect_prompt("#lobby> half|");
    window.signal("QUIT");
    assert_eq!(window.expect_end().code(), Some(0));
    assert_eq!(window.modes(), before);
    // While a command waits, keys are signals.
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
    let mut session = server.accept();
    while session.receive().expect("a registration") != "CAP END" {}
    session.send(":srv 001 mel :Welcome");
    window.expect_row("Waiting for the server to answer");
    window.type_text("\x1c\x03");
    assert_eq!(window.expect_end().code(), Some(0));
    assert_eq!(window.modes(), before);
}

#[test]
fn a_failure_leaves_the_terminal_as_it_was() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("albert");
    let mut window = Window::open(&home.client(&["--nick", "albert"]), 80, 24);
    let before = window.modes();
    window.expect_prompt("Enter username: |");
    window.type_text("\x04");
    assert_eq!(window.expect_end().code(), Some(1));
    window.expect("the reason", |screen| screen.contents().contains("the input ended before a name was given"));
    assert_eq!(window.modes(), before);
}

#[test]
fn ctrl_c_leaves_while_a_command_waits() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut window = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
    let before = window.modes();
    let mut session = server.accept();
    while session.receive().expect("a registration") != "CAP END" {}
    session.send(":srv 001 mel :Welcome");
    window.expect_row("Waiting for the server to answer");
    window.type_text("\x03");
    assert_eq!(window.expect_end().code(), Some(0));
    assert_eq!(window.modes(), before);
}

#[test]
fn a_window_that_is_closed_ends_the_program() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mel, mut albert) = mel_and_albert(&server, &home);
    assert_eq!(mel.close().code(), Some(0));
    albert.expect(":mel!mel@127.0.0.1 QUIT*");
    // nohup
    let client = home.client(&["--nick", "anna"]);
    let mut ignoring = Command::new("env");
    ignoring.arg("--ignore-signal=HUP").arg(client.get_program()).args(client.get_args());
    client.get_envs().for_each(|(name, value)| _ = value.map(|value| ignoring.env(name, value)));
    let anna = Window::open(&ignoring, 80, 24);
    albert.expect(":anna!anna@127.0.0.1 JOIN #lobby");
    anna.expect_prompt("#lobby> |");
    assert_eq!(anna.close().code(), Some(0));
    albert.expect(":anna!anna@127.0.0.1 QUIT*");
}

/// A shell in a window, in which the client was started.
fn in_shell(home: &Home, options: &[&str]) -> Window {
    let client = home.client(options);
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noediting", "-i"]).current_dir(home.path()).env("PS1", "shell: ");
    client.get_envs().for_each(|(name, value)| match value {
        Some(value) => _ = shell.env(name, value),
        None => _ = shell.env_remove(name),
    });
    let mut window = Window::open(&shell, 80, 24);
    window.expect_row("shell:");
    let words: Vec<_> = client.get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    window.type_text(&format!("clear; '{}' {}\n", client.get_program().to_str().unwrap(), words.join(" ")));
    window
}

#[test]
fn nothing_is_left_for_the_shell() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    for end in ["tata\r", "\x04", "\x03\x03", "/quit bye\r"] {
        let mut window = in_shell(&home, &["--nick", "mel"]);
        window.expect_prompt("#lobby> |");
        // All of it comes at once, as from a terminal that does not mark pastes.
        window.type_text(&format!("{end}touch trap\rtouch trap\rtouch"));
        window.expect_row("DISCONNECTED!!");
        window.expect_prompt("shell: |");
        window.type_text("ls; echo it is $((40 + 2))\n");
        window.expect_row("it is 42");
        assert!(!home.path().join("trap").exists(), "{end:?}: {:?}", window.rows());
    }
}

#[test]
fn a_stopped_client_goes_on_where_it_was() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut window = in_shell(&home, &["--nick", "mel", "--times", "off"]);
    window.expect_prompt("#lobby> |");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    window.type_text("half");
    window.expect_prompt("#lobby> half|");
    window.type_text("\x1a");
    window.expect_prompt("shell: |");
    window.type_text("echo it is $((40 + 2))\n");
    window.expect_row("it is 42");
    albert.send("PRIVMSG #lobby :while you were away");
    window.type_text("fg\n");
    window.expect_prompt("#lobby> half|");
    window.expect_row("albert: while you were away");
    window.type_text("\x1b[Dx\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :halxf");
    window.type_text("tata\r");
    window.expect_prompt("shell: |");
    window.type_text("echo it is still $((40 + 3))\n");
    window.expect_row("it is still 43");
}

#[test]
fn a_client_that_another_program_stopped_goes_on_where_it_was() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut window = in_shell(&home, &["--nick", "mel", "--times", "off"]);
    window.expect_prompt("#lobby> |");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    for signal in ["TSTP", "STOP"] {
        window.type_text("\x15half");
        window.expect_prompt("#lobby> half|");
        // The client is the only child of the shell.
        let stopped = Command::new("pkill").args([&format!("-{signal}"), "-P", &window.pid().to_string()]).status();
        assert!(stopped.unwrap().success());
        window.expect_prompt("shell: |");
        // The shell, or a program in it, changes the modes; some of them the user has chosen.
        window.type_text("stty -ixon; printf '\\033[?2004l'; fg\n");
        window.expect_prompt("#lobby> half|");
        window.expect("the paste mode", vt100::Screen::bracketed_paste);
        window.paste("/quit");
        window.expect("a paste", |screen| screen.contents().contains("half/quit"));
    }
    window.type_text("\x15tata\r");
    window.expect_prompt("shell: |");
    window.type_text("stty -a | tr ' ' '\\n' | grep -x -e -ixon -e icanon -e echo\n");
    for mode in ["-ixon", "icanon", "echo"] {
        window.expect(mode, |screen| screen.contents().lines().any(|row| row == mode));
    }
}
