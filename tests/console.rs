//! The console of the server: what its operator types, at a terminal of its own (script(1)), and what comes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::person::{Home, WELCOME};
use crate::harness::{Output, Program, Server};

/// What a server may take to end.
const END: Duration = Duration::from_secs(5);

fn at_terminal() -> Server {
    let server = Server::start_at_terminal("exec $SERVER", &[]);
    server.program.expect_log("Type help for what you can do here");
    server
}

/// Types a line, and sees these.
#[track_caller]
fn ask(server: &mut Server, line: &str, answers: &[&str]) {
    server.program.type_bytes(format!("{line}\n").as_bytes());
    answers.iter().for_each(|answer| drop(server.program.expect_log(answer)));
}

#[test]
fn the_operator_sees_who_is_here_and_in_which_rooms() {
    let mut server = at_terminal();
    ask(&mut server, "who", &["Nobody is here"]);
    ask(&mut server, "rooms", &["There is no room"]);
    let [mut alice, _bob] = server.room("#a", ["alice", "bob"]);
    for room in ["#B", "#c", "#d", "#e"] {
        alice.join(room);
    }
    let port = alice.address.port();
    ask(
        &mut server,
        "who",
        &["Here: 2", &format!("    alice  127.0.0.1, {port}  #a #B #c and 2 more"), "    bob    127.0.0.1, "],
    );
    ask(&mut server, "/WHO al*", &["Here: 1"]);
    ask(&mut server, "who carl", &["Nobody who is here is called carl"]);
    ask(&mut server, "rooms", &["Rooms: 5", "    #a  2 members", "    #B  1 member"]);
}

#[test]
fn the_operator_speaks_to_all_as_the_server() {
    let mut server = at_terminal();
    ask(&mut server, "say hello", &["Nobody is here"]);
    let (mut alice, mut bob, mut new) = (server.client("alice"), server.client("bob"), server.connect());
    ask(&mut server, "say  the  server ends\x1b[2J at noon ", &["Said to 2 people"]);
    alice.expect_only(&[":groupchat NOTICE alice :the  server ends[2J at noon"]);
    bob.expect_only(&[":groupchat NOTICE bob :the  server ends[2J at noon"]);
    assert_eq!(new.sync(), Vec::<String>::new());
    // As many lines as it takes.
    ask(&mut server, &format!("say {}", "ä".repeat(500)), &["Said to"]);
    let said: String = (0..3).map(|_| alice.expect(":groupchat NOTICE alice :*").split_off(25)).collect();
    assert_eq!(said, "ä".repeat(500));
}

#[test]
fn who_is_kicked_is_gone_and_does_not_come_back_by_itself() {
    let mut server = at_terminal();
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to(WELCOME);
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    ask(
        &mut server,
        "kick TESLA",
        &["tesla is removed", "is offline (Removed by the operator of the server)  [ tesla ]"],
    );
    albert.expect(":tesla!tesla@127.0.0.1 QUIT :Removed by the operator of the server");
    tesla.expect_line("DISCONNECTED!!");
    tesla.expect_failure("the operator of the server has removed you; start the client again to come back");
    ask(&mut server, "kick tesla", &["Nobody who is here is called tesla"]);
    ask(&mut server, "kick albert", &["albert is removed"]);
    albert.expect("ERROR :Closing connection: Removed by the operator of the server");
    albert.expect_end();
}

#[test]
fn what_is_no_command_gets_a_sentence() {
    let mut server = at_terminal();
    ask(&mut server, "\n   \n\x07\nx\x07", &["There is no command x; help lists all of them"]);
    ask(&mut server, "shutdown now", &["There is no command shutdown; help lists all of them"]);
    ask(&mut server, "kick", &["Usage: kick NAME"]);
    ask(&mut server, "rooms a", &["Usage: rooms"]);
    ask(&mut server, "say", &["Usage: say TEXT"]);
    ask(&mut server, "HELP", &["who [NAME] ", "stop ", "Show this list"]);
    // More than a terminal gives out in one line, and half a line.
    for cut in [[b"kick ".as_slice(), &[b'x'; 5000], b"\n"].concat(), b"kick al\x04\x04".to_vec()] {
        server.program.type_bytes(&cut);
        server.program.expect_log("That line was cut off by Ctrl-D or is too long for a terminal: nothing was done");
    }
}

#[test]
fn the_end_of_the_input_ends_nothing_and_stop_does() {
    let mut server = at_terminal();
    let mut alice = server.client("alice");
    server.program.type_bytes(b"\x04");
    server.program.expect_log("Type stop to end the server");
    alice.sync();
    server.program.type_bytes(b"stop\n");
    alice.expect("ERROR :Server is shutting down");
    alice.expect_end();
    assert_eq!(server.program.exit_code(END), Some(0));
}

#[test]
fn ctrl_c_at_the_console_ends_the_server() {
    let mut server = at_terminal();
    let mut alice = server.client("alice");
    server.program.type_bytes(b"sto\x03");
    alice.expect("ERROR :Server is shutting down");
    assert_eq!(server.program.exit_code(END), Some(0));
}

#[test]
fn what_is_no_terminal_is_no_console() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.args(["--listen", "127.0.0.1:0"]).env("HOME", folder.path()).env("TMPDIR", folder.path());
    let mut program = Program::start_with(command, Stdio::piped(), "listening on ", 1, Output::Read);
    program.type_bytes(b"stop\n");
    program.signal("INT");
    assert_eq!(program.exit_code(END), Some(0));
    assert_eq!(program.count_log("Type help"), 0, "{}", program.text());
}

/// The folder of the thread `console` of the server that has this data folder.
fn console_thread(server: &Server) -> Option<PathBuf> {
    let folder = server.folder.path().to_str().unwrap();
    let entries = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let text =
        |path: PathBuf| fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let is_it = |process: &PathBuf| {
        text(process.join("comm")).starts_with("chat-server") && text(process.join("cmdline")).contains(folder)
    };
    let process = entries("/proc".into()).find(is_it)?;
    entries(process.join("task")).find(|thread| text(thread.join("comm")).trim_end() == "console")
}

/// How often a thread has gone to sleep.
fn sleeps(thread: &Path) -> usize {
    let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
    let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.map_or(0, |count| count.trim().parse().unwrap())
}

/// A job in the background that reads the terminal is stopped, with all its threads (SIGTTIN).
#[cfg(feature = "mail")]
#[test]
fn a_server_in_the_background_goes_on_and_has_its_console_in_the_foreground() {
    let mut server = Server::start_at_terminal("set -m; $SERVER & trap 'kill %1; exit' HUP; read line; fg", &[]);
    let mut alice = server.client("alice");
    server.wait_until(&mut alice, "the console has tried to read three times", |server| {
        console_thread(server).is_some_and(|thread| sleeps(&thread) > 3)
    });
    assert_eq!(server.program.count_log("Type stop"), 0);
    ask(&mut server, "\nwho", &["Here: 1"]);
    ask(&mut server, "stop", &["Server is shutting down"]);
}

#[cfg(feature = "irc")]
#[test]
fn the_operator_makes_somebody_operator_of_a_room() {
    let mut server = at_terminal();
    let [mut alice, mut bob] = server.room("#A", ["alice", "Bob"]);
    let _carol = server.client("carol");
    ask(&mut server, "op bob #a", &["Bob is an operator of #A now"]);
    alice.expect_only(&[":groupchat MODE #A +o Bob"]);
    bob.expect_only(&[":groupchat MODE #A +o Bob"]);
    bob.ask("MODE #A +m", &[":Bob!Bob@127.0.0.1 MODE #A +m"]);
    ask(&mut server, "op bob #a", &["Bob is an operator of #A already"]);
    ask(&mut server, "op carol #a", &["carol is not in #A"]);
    ask(&mut server, "op dave #a", &["Nobody who is here is called dave"]);
    ask(&mut server, "op bob #b", &["There is no room #b; rooms lists all"]);
    ask(&mut server, "op bob", &["Usage: op NAME #room"]);
}

#[cfg(feature = "mail")]
#[test]
fn the_operator_sees_who_is_known_and_not_here() {
    let mut server = at_terminal();
    let mut alice = server.client("alice");
    server.client("Bob").ask("QUIT", &["ERROR *"]);
    server.program.expect_log("is offline (Quit)  [ Bob ]");
    alice.send("PRIVMSG bob :psst");
    alice.sync();
    ask(&mut server, "who", &["Here: 1", "Known, but not here: 1", "    bob (1 message)"]);
    ask(&mut server, "who al*", &["Here: 1"]);
    assert_eq!(server.program.count_log("Known, but not here"), 1);
}
