//! Somebody on the network who is no member: listens, records, plays back, makes things up, floods.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use wire::datagram::{DATAGRAM, Datagram, Kind, Utterance};

use super::{await_members, figure, lab::Lab};
use crate::client::person::Person;
use crate::harness::PATIENCE;

const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 1, 2, 3), 4000);

/// What an [`Intruder`] does on its host, where this test program runs once more: each line of the input is a number and bytes, to
/// be sent to the group so often; what is heard there is printed.
#[test]
fn at_work() {
    let Ok(own) = std::env::var("INTRUDER") else { return };
    let socket = UdpSocket::bind(GROUP).unwrap();
    socket.join_multicast_v4(GROUP.ip(), &own.parse().unwrap()).unwrap();
    let listening = socket.try_clone().unwrap();
    println!("heard ");
    thread::spawn(move || {
        let mut bytes = vec![0; 65_536];
        while let Ok(count) = listening.recv(&mut bytes) {
            let line = bytes[..count].iter().fold("heard ".to_owned(), |mut line, byte| {
                let _ = write!(line, "{byte:02x}");
                line
            });
            // One write, among what the test harness prints.
            let _ = io::stdout().write_all(format!("{line}\n").as_bytes());
        }
    });
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (count, bytes) = line.split_once(' ').unwrap();
        for _ in 0..count.parse().unwrap() {
            socket.send_to(&unhex(bytes), GROUP).unwrap();
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

struct Intruder {
    child: Child,
    stdin: ChildStdin,
    heard: Receiver<Vec<u8>>,
}

impl Intruder {
    fn on(lab: &Lab, host: usize) -> Intruder {
        let program = std::env::current_exe().unwrap();
        let mut command = lab.on(host, program.to_str().unwrap());
        command.args(["--exact", "multicast::intruder::at_work", "--nocapture"]);
        command.env("INTRUDER", format!("10.99.0.{host}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, heard) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            let datagrams = lines.filter_map(|line| line.split_once("heard ").map(|(_, digits)| unhex(digits)));
            datagrams.for_each(|datagram| drop(sender.send(datagram)));
        });
        let intruder = Intruder { stdin: child.stdin.take().unwrap(), child, heard };
        // It says so when it listens.
        assert_eq!(intruder.next(), [0; 0]);
        intruder
    }

    fn next(&self) -> Vec<u8> {
        self.heard.recv_timeout(PATIENCE).expect("the intruder hears something")
    }

    /// All that is heard, up to the first message.
    fn record_message(&self) -> Vec<Datagram> {
        let mut all = Vec::new();
        while all.last().is_none_or(|datagram: &Datagram| datagram.kind != Kind::Data) {
            all.push(Datagram::decode(&self.next()).unwrap());
        }
        all
    }

    fn send(&mut self, count: usize, bytes: &[u8]) {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(self.stdin, "{count} {digits}").unwrap();
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// tesla, who says something to albert, and an intruder, with all that it has heard of them; `None` when there can be no hosts.
#[track_caller]
fn overheard(id: &str, text: &str) -> Option<(Lab, Intruder, [Person; 2], Vec<Datagram>)> {
    let lab = Lab::with(4, id)?;
    let intruder = Intruder::on(&lab, 4);
    let mut tesla = lab.person(1, "tesla", &[]);
    let mut albert = lab.person(2, "albert", &[]);
    await_members(&mut albert, 2);
    await_members(&mut tesla, 2);
    tesla.type_line(text);
    albert.skip_to(&format!("[lab] tesla: {text}"));
    let recording = intruder.record_message();
    Some((lab, intruder, [tesla, albert], recording))
}

/// Waits until somebody has seen so many datagrams of other programs, which come behind all that the intruder has sent; what
/// was printed meanwhile, with the last figures of `/stats`.
#[track_caller]
fn await_foreign(person: &mut Person, count: u64) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        person.type_line("/stats");
        let line = loop {
            let line = person.read().unwrap();
            lines.push(line.clone());
            if line.ends_with("  datagrams of other programs or rooms") {
                break line;
            }
        };
        if line.trim_start().split(' ').next() == Some(&count.to_string()) {
            return lines;
        }
    }
}

/// Bytes of memory that a program uses.
fn memory(person: &Person) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", person.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_stranger_reads_nothing_and_plays_nothing_back() {
    let Some((lab, mut intruder, [mut tesla, mut albert], recording)) = overheard("c", "the exam is at noon") else {
        return;
    };
    for datagram in &recording {
        assert!(datagram.encrypted);
        let has = |word: &str| datagram.payload.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!has("exam") && !has("tesla") && !has("albert"), "{datagram:?}");
    }
    tesla.type_line("tata");
    tesla.skip_to("You left lab");
    tesla.expect_goodbye();
    albert.skip_to("[lab] tesla left the conversation");
    let mut clara = lab.person(3, "clara", &[]);
    await_members(&mut clara, 2);
    await_members(&mut albert, 2);
    for datagram in &recording {
        intruder.send(3, &datagram.encode());
    }
    intruder.send(1, b"that was it");
    for (person, other) in [(&mut albert, "clara"), (&mut clara, "albert")] {
        let lines = await_foreign(person, 1);
        assert!(!lines.iter().any(|line| line.contains("exam") || line.contains("[lab] tesla")), "{lines:?}");
        assert_eq!(figure(person, "datagrams without a good seal"), 0);
        assert!(figure(person, "datagrams without use") >= 3);
        person.type_line("/who");
        person.skip_to("2 members of lab: you");
        person.expect_line(&format!("    {other}, heard * s ago"));
    }
}

#[test]
fn what_strangers_make_up_is_counted_and_nothing_else() {
    let Some((_lab, mut intruder, [mut tesla, mut albert], recording)) = overheard("d", "hello") else { return };
    let message = recording.last().unwrap();
    let bytes = message.encode();
    // Damage, wherever.
    let mut damaged: Vec<Vec<u8>> = (5..bytes.len())
        .map(|at| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            bytes
        })
        .collect();
    damaged.extend((DATAGRAM + 1..65_000).step_by(9000).map(|size| {
        let payload = vec![7; size - 32];
        Datagram { payload, ..message.clone() }.encode()
    }));
    damaged.push(bytes[..bytes.len() - 1].to_vec());
    // What the sum does not tell, the seal does.
    let said = Utterance { nick: "tesla".into(), text: "I never said that".into() }.encode();
    let forged = [
        Datagram { encrypted: false, payload: said.clone(), ..message.clone() },
        Datagram { payload: said, ..message.clone() },
        Datagram { number: message.number + 1, ..message.clone() },
        Datagram { sender: message.sender + 1, ..message.clone() },
        Datagram { kind: Kind::Leave, ..message.clone() },
        Datagram { payload: message.payload[1..].to_vec(), ..message.clone() },
        Datagram { payload: Vec::new(), ..message.clone() },
    ];
    let elsewhere = Datagram { room: message.room + 1, ..message.clone() };
    let mut version = bytes.clone();
    version[4] = 2;
    let foreign =
        [&b""[..], b"\0", b"GET / HTTP/1.1\r\n\r\n", &[0xff; 1500], &bytes[..31], &version, &elsewhere.encode()];
    damaged.iter().for_each(|bytes| intruder.send(1, bytes));
    forged.iter().for_each(|datagram| intruder.send(1, &datagram.encode()));
    foreign.iter().for_each(|bytes| intruder.send(1, bytes));
    for person in [&mut tesla, &mut albert] {
        let lines = await_foreign(person, foreign.len() as u64);
        let count = format!("{:>8}  datagrams damaged", damaged.len());
        assert_eq!(lines[lines.len() - 2], count);
        assert_eq!(figure(person, "datagrams without a good seal"), forged.len() as u64);
        assert_eq!(figure(person, "datagrams without use"), 0);
    }
    albert.ask("you are tesla", &[]);
    tesla.expect_line("[lab] albert: you are tesla");
    tesla.ask("I am", &[]);
    albert.expect_line("[lab] tesla: I am");
}

#[test]
fn a_flood_takes_no_memory_and_no_message() {
    const MESSAGES: usize = 200;
    let Some((_lab, mut intruder, [mut tesla, mut albert], recording)) = overheard("e", "0") else { return };
    let recorded = recording.last().unwrap();
    let before = memory(&albert);
    let forged = Datagram { payload: vec![7; DATAGRAM - 32], ..recorded.clone() }.encode();
    for number in 1..=MESSAGES {
        intruder.send(50, &forged);
        intruder.send(50, &recorded.encode());
        intruder.send(50, &[7; 1400]);
        tesla.type_line(&number.to_string());
    }
    for number in 1..=MESSAGES {
        albert.expect_line(&format!("[lab] tesla: {number}"));
    }
    let grown = memory(&albert).saturating_sub(before);
    assert!(grown < 16 * 1024 * 1024, "{grown} bytes more");
}
