//! Multicast rooms, with real programs on hosts of their own: network namespaces that the test makes itself, on a
//! bridge in another one, so that no datagram ever leaves them.
//!
//! Making them takes root and the program `ip`. Where that is not to be had the test says that it was skipped, and
//! fails if `NAMESPACES=required` is set.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::client::person::{Person, WELCOME};
use crate::harness::{Folder, Output, PATIENCE, Program};

/// Hosts on one network, removed in the end.
struct Lab {
    id: String,
    hosts: usize,
    folder: Folder,
    server: Option<Program>,
}

fn ip(words: &str) -> bool {
    let run = Command::new("ip").args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

impl Lab {
    /// So many hosts, and one for the server; `None` when there can be none.
    fn with(hosts: usize, test: &str) -> Option<Lab> {
        let id = format!("gc{}{test}", std::process::id());
        let mut lab = Lab { id, hosts, folder: Folder::new(), server: None };
        if !lab.is_built() {
            assert!(std::env::var("NAMESPACES").as_deref() != Ok("required"), "no network namespaces can be made");
            println!("skipped: no network namespaces can be made (it takes root, and the program ip)");
            return None;
        }
        let mut command = lab.on(0, env!("CARGO_BIN_EXE_chat-server"));
        command.args(["--listen", "10.99.0.100:0", "--flood", "0", "--plain", "always", "--data-dir"]);
        command.arg(&lab.folder.0);
        lab.server = Some(Program::start(command, "Server has started listening on ", 1, Output::Read));
        Some(lab)
    }

    fn is_built(&self) -> bool {
        let (id, hub) = (&self.id, format!("{}-0", self.id));
        ip(&format!("netns add {hub}"))
            && ip(&format!("-n {hub} link set lo up"))
            // A bridge that knew who has joined what would need somebody to ask them; it passes everything on.
            && ip(&format!("-n {hub} link add hub type bridge mcast_snooping 0"))
            && ip(&format!("-n {hub} addr add 10.99.0.100/24 dev hub"))
            && ip(&format!("-n {hub} link set hub up"))
            && (1..=self.hosts).all(|host| {
                ip(&format!("netns add {id}-{host}"))
                    && ip(&format!("-n {hub} link add port{host} type veth peer name eth0 netns {id}-{host}"))
                    && ip(&format!("-n {hub} link set port{host} master hub"))
                    && ip(&format!("-n {hub} link set port{host} up"))
                    && ip(&format!("-n {id}-{host} addr add 10.99.0.{host}/24 dev eth0"))
                    && ip(&format!("-n {id}-{host} link set eth0 up"))
                    && ip(&format!("-n {id}-{host} link set lo up"))
                    && ip(&format!("-n {id}-{host} route add 239.0.0.0/8 dev eth0"))
            })
    }

    /// A program on one of the hosts.
    fn on(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}-{host}", self.id), program]);
        command
    }

    /// Somebody at the client, who has entered the room `lab`.
    #[track_caller]
    fn person(&self, host: usize, nick: &str, options: &[&str]) -> Person {
        let server = &self.server.as_ref().unwrap().ready()[0];
        let mut command = self.on(host, env!("CARGO_BIN_EXE_chat-client"));
        command.args(["--server", server, "--nick", nick, "--iface", &format!("10.99.0.{host}")]).args(options);
        command.env("HOME", &self.folder.0).env("XDG_CONFIG_HOME", self.folder.0.join(nick));
        let mut person = Person::start(command, Output::Read);
        person.skip_to(WELCOME);
        person.type_line("/makeroom lab 239.1.2.3 4000");
        person.type_line("/chat lab");
        person.skip_to("You are in lab at 239.1.2.3:4000; Ctrl-D leads back, /who and /stats tell more");
        person
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.server = None;
        for host in 0..=self.hosts {
            ip(&format!("netns del {}-{host}", self.id));
        }
    }
}

/// A figure that `/stats` shows.
#[track_caller]
fn figure(person: &mut Person, what: &str) -> u64 {
    let line = person.skip_to(&format!("*  {what}"));
    line.trim_start().split(' ').next().unwrap().parse().unwrap()
}

/// tesla, albert and clara, who have all seen each other come.
#[track_caller]
fn three(lab: &Lab, options: &[&str]) -> [Person; 3] {
    let mut tesla = lab.person(1, "tesla", options);
    let mut albert = lab.person(2, "albert", options);
    tesla.skip_to("[lab] albert joined the conversation");
    let clara = lab.person(3, "clara", options);
    tesla.skip_to("[lab] clara joined the conversation");
    albert.skip_to("[lab] clara joined the conversation");
    [tesla, albert, clara]
}

/// Asks who is there until so many are: they show themselves after random pauses.
#[track_caller]
fn await_members(person: &mut Person, count: usize) {
    let (complete, deadline) = (format!("{count} members of lab: you"), Instant::now() + PATIENCE);
    loop {
        person.type_line("/who");
        let line = person.skip_to("* of lab: you");
        if line == complete {
            return;
        }
        assert!(Instant::now() < deadline, "{line}");
    }
}

#[test]
fn three_hosts_lose_a_fifth_of_everything_and_no_message() {
    const MESSAGES: usize = 1000;
    const NAMES: [&str; 3] = ["tesla", "albert", "clara"];
    let Some(lab) = Lab::with(3, "a") else { return };
    let mut people = three(&lab, &["--loss", "20"]);
    for person in &mut people {
        let lines: String = (1..=MESSAGES).map(|number| format!("number {number}\n")).collect();
        person.type_bytes(lines.as_bytes());
    }
    for (person, own) in people.iter_mut().zip(NAMES) {
        let mut heard = NAMES.map(|_| 0);
        while heard.iter().sum::<usize>() < 2 * MESSAGES {
            let line = person.skip_to("[lab] *: number *");
            let (nick, number) = line.strip_prefix("[lab] ").unwrap().split_once(": number ").unwrap();
            let sender = NAMES.iter().position(|name| *name == nick).unwrap();
            heard[sender] += 1;
            assert_eq!(number.parse(), Ok(heard[sender]), "{own} hears {nick} out of order, or twice");
        }
        let expected = NAMES.map(|name| if name == own { 0 } else { MESSAGES });
        assert_eq!(heard, expected);
    }
    let mut sent = 0;
    for person in &mut people {
        person.type_line("/stats");
        sent += figure(person, "datagrams sent");
        assert_eq!(figure(person, "messages shown"), 2 * MESSAGES as u64);
        assert!(figure(person, "messages missed at first and repaired") > 0);
        assert_eq!(figure(person, "messages lost for good"), 0);
    }
    // Each message has to reach two: with a loss of a fifth that takes 1.39 datagrams, if nobody had to ask.
    println!(
        "{sent} datagrams for {} messages to two members each: {}.{:02} for each message, and 1.39 were ideal",
        3 * MESSAGES,
        sent / (3 * MESSAGES as u64),
        sent * 100 / (3 * MESSAGES as u64) % 100
    );
}

#[test]
fn a_room_is_left_and_others_notice_and_strangers_are_counted() {
    let Some(lab) = Lab::with(3, "b") else { return };
    let [mut tesla, mut albert, mut clara] = three(&lab, &[]);
    // Two clients on one host hear each other as well.
    let mut carl = lab.person(3, "carl", &[]);
    for person in [&mut tesla, &mut albert, &mut clara] {
        person.skip_to("[lab] carl joined the conversation");
    }
    carl.type_line("is this one host?");
    for person in [&mut tesla, &mut albert, &mut clara] {
        person.expect_line("[lab] carl: is this one host?");
    }
    clara.type_line("//it is");
    for person in [&mut carl, &mut albert, &mut tesla] {
        person.skip_to("[lab] clara: /it is");
    }
    // What goes to the server goes there still.
    albert.ask("/getdir", &["ROOM  ADDRESS         OWNER", "lab   239.1.2.3:4000  tesla"]);
    await_members(&mut albert, 4);
    albert.expect_lines(&["    carl, heard * s ago", "    clara, heard * s ago", "    tesla, heard * s ago"]);
    // Another program on the same group, and somebody who has no key.
    let noise = "for i in 1 2 3; do printf 'what is this' > /dev/udp/239.1.2.3/4000; done";
    assert!(lab.on(2, "bash").args(["-c", noise]).status().unwrap().success());
    albert.type_line("still there?");
    tesla.skip_to("[lab] albert: still there?");
    tesla.type_line("/stats");
    assert_eq!(figure(&mut tesla, "datagrams of other programs or rooms"), 3);
    carl.end_input();
    carl.skip_to("You left lab");
    carl.expect_goodbye();
    tesla.skip_to("[lab] carl left the conversation");
    tesla.type_line("tata");
    tesla.skip_to("You left lab");
    tesla.expect_goodbye();
    albert.skip_to("[lab] tesla left the conversation");
}
