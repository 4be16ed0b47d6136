//! strace sees the system calls of chapter 14 on the sockets of both programs, and no others.
//!
//! The talk: a private message, a file up over TLS and down in plain text, a page, a multicast room, an address where
//! nobody listens, the ends.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::calls::{CHAPTER, table};
use super::quoted;
use crate::client::person::{Home, Person};
use crate::harness::{Output, PATIENCE, Server, skip};
use crate::source::root;

/// Calls on sockets, and those that wait for several descriptors at once. Not each machine has all of them.
const TRACED: &str = "trace=%network,fcntl,ioctl,?poll,ppoll,?select,pselect6,?epoll_wait,epoll_pwait,epoll_ctl,read,write,\
                      readv,writev,sendfile,splice,close";

/// Runs a program under strace, which does not stand between it and its parent (`-D`).
fn traced(program: &Command, trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-q", "-yy", "-e", "signal=none", "-e", TRACED, "-o"]).arg(trace);
    strace.arg(program.get_program()).args(program.get_args());
    program.get_envs().for_each(|(name, value)| {
        let _ = match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    });
    program.get_current_dir().into_iter().for_each(|folder| _ = strace.current_dir(folder));
    strace
}

/// The system call in a line of strace, with the option that matters, if it is one on a socket of the network.
fn system_call(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let of_network = ["<TCP", "<UDP", "(AF_INET", "<socket:"].iter().any(|mark| line.contains(mark));
    let (name, rest) = match line.strip_prefix("<... ") {
        // What another thread did in between stands before the flags.
        Some(resumed) if resumed.starts_with("recvfrom") => ("recvfrom", resumed),
        Some(_) => return None,
        None if !of_network || line.contains("recvfrom(") && line.ends_with("<unfinished ...>") => return None,
        None => line.split_once('(')?,
    };
    let option = |at: usize| {
        let word = rest.split(", ").nth(at)?;
        Some(
            word.trim_end_matches([')', ' '])
                .split([' ', ')'])
                .next()?
                .trim_end_matches("_OLD")
                .trim_end_matches("_NEW"),
        )
    };
    let option = match name {
        "setsockopt" | "getsockopt" => option(2),
        "ioctl" | "fcntl" | "shutdown" => option(1),
        "recvfrom" if rest.contains("MSG_PEEK") => Some("MSG_PEEK"),
        "sendto" if rest.contains("MSG_NOSIGNAL") => Some("MSG_NOSIGNAL"),
        _ => None,
    };
    Some(option.map_or_else(|| name.to_owned(), |option| format!("{name}({option})")))
}

/// What the library does in a build for debugging alone: it looks whether a descriptor is open before it closes it.
const OF_DEBUGGING: &str = "fcntl(F_GETFD)";

/// The calls of a program that has ended.
fn calls(trace: &Path) -> BTreeSet<String> {
    let deadline = Instant::now() + PATIENCE;
    let text = loop {
        let text = fs::read_to_string(trace).unwrap_or_default();
        // strace writes this last, for the thread that began the program.
        let pid = text.split_whitespace().next().unwrap_or("?");
        if text.lines().any(|line| line.starts_with(&format!("{pid} ")) && line.contains("+++ ")) {
            break text;
        }
        assert!(Instant::now() < deadline, "strace never saw the end: {text}");
        thread::sleep(Duration::from_millis(10));
    };
    text.lines().filter_map(system_call).filter(|call| call != OF_DEBUGGING).collect()
}

/// Whether strace works here.
fn strace_works() -> bool {
    let folder = tempfile::TempDir::new().unwrap();
    let tried = traced(&Command::new("true"), &folder.path().join("trace")).output();
    let works = tried.is_ok_and(|output| output.status.success());
    assert!(works || std::env::var("STRACE").is_err(), "strace is required (STRACE is set), and does not work");
    works
}

/// Somebody at a client whose calls are traced.
fn person(home: &Home, options: &[&str], traces: &mut Vec<PathBuf>) -> Person {
    let trace = home.path().join(format!("trace-{}", traces.len()));
    traces.push(trace.clone());
    let mut person = Person::start(traced(&home.client(options), &trace), Output::Read);
    person.passes_over_presence = false;
    person
}

/// Asks for the page at this address, as a browser does, and leaves.
fn load(address: &str) {
    let host = address.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut page = String::new();
    socket.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
}

/// The talk; the files of the traces of the server and of the clients.
fn talk(folder: &Path) -> (PathBuf, Vec<PathBuf>, Vec<Home>) {
    let of_server = folder.join("server");
    let mut server = Server::start_as(
        traced(&Command::new(env!("CARGO_BIN_EXE_chat-server")), &of_server),
        &["--listen", "127.0.0.1:0"],
        Output::Read,
    );
    let address = server.addresses[0];
    let mut traces = Vec::new();
    let homes = vec![Home::calling_by_default(address), Home::calling(address)];
    let mut tesla = person(&homes[0], &["--nick", "tesla", "--gui", "--iface", "127.0.0.1"], &mut traces);
    let opened = tesla.skip_to("Open this address in a browser on this machine: *");
    load(opened.rsplit(' ').next().unwrap());
    tesla.skip_to(crate::client::person::WELCOME);
    let mut albert = person(&homes[1], &["--nick", "albert"], &mut traces);
    albert.skip_to(crate::client::person::WELCOME);
    tesla.skip_to("albert joined the conversation");
    tesla.type_line("@albert hello");
    albert.skip_to("tesla (to you): hello");
    let file = homes[0].path().join("notes.txt");
    fs::write(&file, "some notes\n").unwrap();
    tesla.type_line(&format!("/file {} albert", file.display()));
    albert.skip_to("Received notes.txt from tesla*");
    tesla.skip_to("*notes.txt*albert*");
    tesla.type_line("/makeroom lab 239.1.2.3 4000");
    tesla.type_line("/chat lab");
    tesla.skip_to("You are in lab at 239.1.2.3:4000*");
    tesla.type_line("exit");
    tesla.skip_to("You left lab*");
    tesla.type_line("tata");
    albert.type_line("tata");
    albert.skip_to("DISCONNECTED!!");
    tesla.skip_to("DISCONNECTED!!");
    let nobody = Home::calling("127.0.0.1:1");
    let mut lost = person(&nobody, &["--nick", "lost"], &mut traces);
    lost.expect_failure("*nobody listens at 127.0.0.1:1*");
    for person in [&mut tesla, &mut albert] {
        while person.read().is_some() {}
    }
    server.program.signal("TERM");
    assert_eq!(server.program.exit_code(PATIENCE), Some(0));
    (of_server, traces, [homes, vec![nobody]].into_iter().flatten().collect())
}

#[test]
fn a_short_talk_makes_the_calls_of_chapter_14_and_no_others() {
    if !strace_works() {
        return skip("strace is not installed, or may not trace here");
    }
    let folder = tempfile::TempDir::new().unwrap();
    let (of_server, traces, _homes) = talk(folder.path());
    let made: BTreeSet<String> = traces.iter().chain([&of_server]).flat_map(|trace| calls(trace)).collect();
    let chapter = fs::read_to_string(root().join(CHAPTER)).unwrap();
    let cells: Vec<String> = table(&chapter).into_iter().map(|row| row.system_calls).collect();
    let listed: BTreeSet<String> = cells.iter().flat_map(|cell| quoted(cell)).map(str::to_owned).collect();
    // Those in italics are rare, or those of another system: the talk need not make them.
    let rare: BTreeSet<String> = cells
        .iter()
        .flat_map(|cell| cell.split("*`").skip(1))
        .filter_map(|rest| rest.split('`').next())
        .map(str::to_owned)
        .collect();
    let unlisted: Vec<_> = made.difference(&listed).collect();
    let unmade: Vec<_> = listed.difference(&made).filter(|call| !rare.contains(*call)).collect();
    assert!(unlisted.is_empty(), "strace saw {unlisted:?}, which {CHAPTER} does not have");
    assert!(unmade.is_empty(), "{CHAPTER} has {unmade:?}, which strace did not see in {made:?}");
}

#[test]
fn a_line_of_strace_is_a_call_with_its_option() {
    let seen = |line| system_call(line);
    for (line, call) in [
        ("12 setsockopt(3<TCP:[1]>, SOL_SOCKET, SO_RCVTIMEO_OLD, \"\\0\", 16) = 0", "setsockopt(SO_RCVTIMEO)"),
        ("12 ioctl(3<TCP:[1]>, FIONBIO, [1]) = 0", "ioctl(FIONBIO)"),
        ("12 shutdown(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, SHUT_WR) = 0", "shutdown(SHUT_WR)"),
        ("12 recvfrom(3<TCP:[1]>, \"\\26\", 1, MSG_PEEK, NULL, NULL) = 1", "recvfrom(MSG_PEEK)"),
        ("12 <... recvfrom resumed>\"\\26\", 1, MSG_PEEK, NULL, NULL) = 1", "recvfrom(MSG_PEEK)"),
        ("12 sendto(3<UDP:[1]>, \"a\", 1, MSG_NOSIGNAL, NULL, 0) = 1", "sendto(MSG_NOSIGNAL)"),
        ("12 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<TCP:[1]>", "socket"),
        ("12 poll([{fd=3<TCP:[1]>, events=POLLOUT}], 1, 9999) = 1", "poll"),
    ] {
        assert_eq!(seen(line).as_deref(), Some(call), "{line}");
    }
    for line in [
        "12 ioctl(0<pipe:[1]>, TCGETS, 0x7) = -1 ENOTTY",
        "12 poll([{fd=0</dev/null>, events=0}], 3, 0) = 0 (Timeout)",
        "12 connect(3<UNIX-STREAM:[1]>, {sa_family=AF_UNIX}, 110) = -1 ENOENT",
        "12 recvfrom(3<TCP:[1]>,  <unfinished ...>",
        "12 <... accept4 resumed>{sa_family=AF_INET}) = 8<TCP:[1]>",
        "12 +++ exited with 0 +++",
    ] {
        assert_eq!(seen(line), None, "{line}");
    }
}
