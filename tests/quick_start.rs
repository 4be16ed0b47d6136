//! The quick start of README.md, from a fresh clone: its commands are run as they stand there, but for addresses. What they
//! show is compared by the scenes.
//!
//! The clone is built beside the test's own build, without optimisation, and stays there for the next time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::client::person::{Person, WELCOME};
use crate::harness::{Output, PATIENCE, Program};
use crate::source::root;

/// A clone of the project, which one test at a time may use.
struct Clone {
    path: PathBuf,
    /// Where its people and its server keep their things.
    home: tempfile::TempDir,
    _lock: File,
}

impl Clone {
    /// Copies what git knows of, or else all that is not hidden, with the times of the last change.
    fn fresh() -> Clone {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick-start");
        fs::create_dir_all(&place).unwrap();
        let lock = File::create(place.join("lock")).unwrap();
        lock.lock().unwrap();
        let path = place.join("clone");
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
        let listed = listed.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
        let mut files: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
        files.retain(|file| root().join(file).exists());
        if files.is_empty() {
            let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            files = names.filter(|name| !name.starts_with('.') && name != "target").collect();
        }
        let copied = Command::new("cp").args(["-pr", "--parents"]).args(&files).arg(&path).current_dir(root()).status();
        assert!(copied.unwrap().success());
        Clone { path, home: tempfile::TempDir::new().unwrap(), _lock: lock }
    }

    /// The environment of somebody who works in the clone: without a network, in a home of its own.
    fn command(&self, program: &str, who: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("CARGO_NET_OFFLINE", "true").env("SHELL", "/bin/sh");
        command.env("CARGO_TARGET_DIR", self.path.with_file_name("target"));
        for (name, value) in [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16")] {
            command.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
        }
        OF_MAKE.iter().for_each(|name| _ = command.env_remove(name));
        let home = self.home.path().join(who);
        command.env("XDG_CONFIG_HOME", &home).env("XDG_DATA_HOME", &home);
        command
    }

    /// A server at a terminal of its own, started by this line.
    fn server(&self, line: &str, started: &str) -> Program {
        let mut terminal = self.command("script", "server");
        terminal.args(["-qec", line, "/dev/null"]);
        let program = Program::start_with(terminal, Stdio::piped(), "has started listening on ", 1, Output::Read);
        program.expect_log(started);
        program
    }

    /// A client, started by this line; what it has said up to its welcome.
    fn client(&self, line: &str, who: &str) -> (Person, Vec<String>) {
        let mut shell = self.command("sh", who);
        shell.args(["-c", line]);
        let mut person = Person::start(shell, Output::Read);
        person.passes_over_presence = false;
        let mut said = Vec::new();
        while said.last().is_none_or(|line| line != WELCOME) {
            said.push(person.read().expect("a welcome"));
        }
        (person, said)
    }
}

/// The commands in the chapter of README.md, block by block.
fn commands(chapter: &str) -> Vec<Vec<String>> {
    let document = fs::read_to_string(root().join("README.md")).unwrap();
    let chapter = document.split("\n## ").find(|text| text.starts_with(chapter)).unwrap().to_owned();
    let (mut blocks, mut inside) = (Vec::<Vec<String>>::new(), false);
    for line in chapter.lines().map(str::trim_end) {
        match line.trim_start().strip_prefix("```") {
            Some(begins) => {
                inside = begins == "sh";
                blocks.extend(inside.then(Vec::new));
            }
            None if inside => blocks.last_mut().unwrap().push(line.trim_start().to_owned()),
            None => {}
        }
    }
    blocks
}

/// Runs make, which succeeds; what it says.
#[track_caller]
fn make(clone: &Clone, arguments: &[&str]) -> String {
    let run = clone.command("make", "builder").args(arguments).output().unwrap();
    let said = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
    assert!(run.status.success(), "{said}");
    said
}

/// What make tells the commands that it starts. The tests may be one of them.
const OF_MAKE: [&str; 7] = ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "FEATURES", "ARGS", "SERVER", "NICK"];

/// A cargo of this version that fails to build, with this code; what `make run-server` says with it.
fn run_server_with(cargo: Option<(&str, u8)>) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("cargo");
    if let Some((version, code)) = cargo {
        let script = format!("test $1 != --version || exec echo 'cargo {version}'\nexit {code}\n");
        fs::write(&path, script).unwrap();
    }
    let mut command = Command::new("make");
    command.arg("run-server").arg(format!("CARGO=sh {}", path.display())).current_dir(root());
    OF_MAKE.iter().for_each(|name| _ = command.env_remove(name));
    let run = command.env("CARGO_TARGET_DIR", folder.path()).env("LC_ALL", "C").output().unwrap();
    assert_eq!((run.status.code(), run.stdout.len()), (Some(2), 0));
    String::from_utf8(run.stderr).unwrap()
}

#[test]
fn make_says_what_is_missing_and_that_it_builds() {
    let need = "1.91 or newer is needed: on Debian 12 'sudo apt install make gcc cargo-web' is enough";
    assert!(include_str!("../Cargo.toml").contains("\nrust-version = \"1.91\"\n"));
    for (cargo, why) in [(None, "Rust is missing"), (Some(("1.66.0", 0)), "Rust is too old (1.66)")] {
        let said = run_server_with(cargo);
        assert!(said.starts_with(&format!("{why}; {need}")), "{said}");
    }
    let said = run_server_with(Some(("1.91.0 (ea2d97820 2025-10-10)", 7)));
    let [first, last] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(first.starts_with("Building groupchat:") && last.ends_with("Error 7"), "{said}");
}

#[test]
fn what_is_installed_runs_as_a_service() {
    let clone = Clone::fresh();
    let prefix = clone.home.path().join("prefix");
    let at_prefix = format!("PREFIX={}", prefix.display());
    make(&clone, &["build"]);
    make(&clone, &["install", &at_prefix]);
    for program in ["chat-server", "chat-client"] {
        let run = Command::new(prefix.join("bin").join(program)).arg("--version").output().unwrap();
        assert!(run.status.success());
    }
    let unit = prefix.join("lib/systemd/system/groupchat.service");
    let text = fs::read_to_string(&unit).unwrap();
    assert!(
        text.contains(&format!("\nExecStart={}/bin/chat-server --listen 0.0.0.0:6667 ", prefix.display())),
        "{text}"
    );
    // The folder is made by systemd for the service's own user.
    assert!(text.contains("--data-dir %S/groupchat\n") && text.contains("\nStateDirectory=groupchat\n"), "{text}");
    if let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() {
        assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
    }
    // For a package: the place to which it is copied first is not part of what is written there.
    make(&clone, &["install", &format!("DESTDIR={}", clone.home.path().join("package").display())]);
    let text = fs::read_to_string(clone.home.path().join("package/usr/local/lib/systemd/system/groupchat.service"));
    assert!(text.unwrap().contains("\nExecStart=/usr/local/bin/chat-server "));
}

#[test]
fn the_quick_start_works_from_a_fresh_clone() {
    let clone = Clone::fresh();
    for features in ["core", "full"] {
        let features = format!("FEATURES={features}");
        make(&clone, &["build", &features]);
        assert_eq!(make(&clone, &["build", &features]), "", "there was nothing to build");
    }
    let steps = commands("Quick start");
    let [server, clients, elsewhere, core, ..] = &steps[..] else { panic!("{steps:#?}") };
    let data = clone.home.path().join("data");
    let options = format!("--listen 127.0.0.1:0 --data-dir {}", data.display());
    let mut program = clone.server(&format!("{} ARGS='{options}'", server[0]), "Type help for what you can do here");
    let address = program.ready().remove(0);
    let mut people: BTreeMap<&str, Person> = BTreeMap::new();
    for (line, name) in clients.iter().zip(["tesla", "albert"]) {
        people.insert(name, clone.client(&format!("{line} SERVER={address}"), name).0);
    }
    for (name, seen) in [("tesla", "albert joined the conversation"), ("albert", "tesla left the conversation")] {
        let person = people.get_mut(name).unwrap();
        person.skip_to(seen);
        person.type_line("tata");
        person.expect_goodbye();
        program.expect_log(&format!("is offline (Quit)  [ {name} ]"));
    }
    program.type_bytes(b"stop\n");
    assert_eq!(program.exit_code(PATIENCE), Some(0));

    // The second computer.
    let [line, copy, _ssh, start] = &elsewhere[..] else { panic!("{elsewhere:#?}") };
    let line = line.replace("0.0.0.0:6667\"", &format!("127.0.0.1:0 --data-dir {}\"", data.display()));
    let mut program = clone.server(&line, "Type help");
    let file = copy.split(' ').nth(1).unwrap().replace("target/", "");
    let there = clone.home.path().join("there");
    fs::create_dir(&there).unwrap();
    // By a program of its own: a file that this one has just written may still be open in a child, and does not run then.
    let copied = Command::new("cp").arg(clone.path.with_file_name("target").join(file)).arg(&there).status();
    assert!(copied.unwrap().success());
    let text = program.text();
    let key = text.lines().find_map(|line| line.strip_prefix("Its key has the fingerprint ")).unwrap().trim_end();
    let start = start.replace("192.0.2.7:6667", &program.ready()[0]).replace("1741e67c…", key);
    let (mut anna, _) = clone.client(&format!("cd {} && {start}", there.display()), "anna");
    anna.type_line("exit");
    anna.expect_goodbye();
    program.type_bytes(b"\x03");
    program.exit_code(PATIENCE);
    assert_eq!(program.count_log("Error"), 0, "{}", program.text());

    let mut program = clone.server(&format!("{} ARGS='--listen 127.0.0.1:0'", core[0]), "Type help");
    let (mut albert, said) = clone.client(&format!("{} SERVER={}", core[1], program.ready()[0]), "albert");
    assert_eq!(said, ["New room, nobody else is here", WELCOME]);
    albert.type_line("tata");
    albert.expect_goodbye();
    program.type_bytes(b"stop\n");
    assert_eq!(program.exit_code(PATIENCE), Some(0));
}
