//! Nothing that was acknowledged is lost: server and clients are killed, again and again, under private traffic.
//!
//! Several worlds run side by side. In each, albert and bob write to tesla, who reads with the chat client. albert
//! is a bare connection that waits for a `PONG` behind each letter, and sends it again when the connection
//! is lost; bob is the chat client with a script. A referee kills the server, tesla and bob at random moments, 52 times a
//! world. In the end every letter that was acknowledged must have been shown to tesla, once and in order. Some letters
//! have several rows: of those no half is ever shown.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::person::{Home, WELCOME, address_of_its_own};
use crate::harness::{ABLE, PATIENCE, Server, batch};

const WORLDS: usize = 4;
const ROUNDS: usize = 13;
/// How long a world may take to come to rest in the end.
const REST: Duration = Duration::from_secs(60);

/// What tesla has seen of one letter.
#[derive(Default, Clone, Copy)]
struct Shown {
    plain: usize,
    /// With the mark of a client that cannot know whether it was shown.
    marked: usize,
}

struct World {
    home: Home,
    address: SocketAddr,
    over: AtomicBool,
    /// Letters of albert that were acknowledged.
    acknowledged: AtomicUsize,
    /// Everything that tesla's screens have shown, in order.
    screen: Mutex<Vec<String>>,
    /// bob while he runs.
    bob: Mutex<Option<Child>>,
    /// The scripts of bob that ended well, and those that did not.
    scripts: Mutex<[Vec<usize>; 2]>,
}

/// Random numbers that a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let figures: Vec<Figures> = thread::scope(|scope| {
        let worlds: Vec<_> = (0..WORLDS).map(|seed| scope.spawn(move || end_of_the_world(seed as u64 + 1))).collect();
        worlds.into_iter().map(|world| world.join().expect("every world keeps its letters")).collect()
    });
    let sum = |figure: fn(&Figures) -> usize| figures.iter().map(figure).sum::<usize>();
    assert!(sum(|f| f.kills) >= 200);
    assert!(sum(|f| f.whole) > 0 && sum(|f| f.broken) > 0, "bob was killed at some times and not at others");
    println!(
        "{} kills; {} letters acknowledged, each shown once and in order; {} of them a second time, marked as such",
        sum(|f| f.kills),
        sum(|f| f.letters),
        sum(|f| f.marked)
    );
}

struct Figures {
    kills: usize,
    letters: usize,
    marked: usize,
    /// Scripts of bob that ended well, and those that did not.
    whole: usize,
    broken: usize,
}

/// Runs one world to its end, and looks at what tesla has seen.
fn end_of_the_world(seed: u64) -> Figures {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let folder = Arc::new(TempDir::new().unwrap());
    let listen = format!("{}:0", address_of_its_own());
    let mut server = Server::start_in(&folder, &["--flood", "0", "--listen", &listen]);
    let address = server.addresses[0];
    // A letter to a name that was never here is refused, which is an answer too.
    let mut known = server.client("tesla");
    known.send("QUIT");
    while known.receive().is_some() {}
    let world = World {
        home: Home::calling_by_default(address),
        address,
        over: AtomicBool::new(false),
        acknowledged: AtomicUsize::new(0),
        screen: Mutex::default(),
        bob: Mutex::default(),
        scripts: Mutex::default(),
    };
    let mut kills = 0;
    thread::scope(|scope| {
        let mut tesla = Tesla::start(scope, &world);
        scope.spawn(|| albert_loop(&world));
        scope.spawn(|| bob_loop(&world));
        for _ in 0..ROUNDS {
            for victim in ["server", "tesla", "bob", "tesla"] {
                world.await_acknowledgement();
                // Not to be on time, but to be at no particular one.
                thread::sleep(Duration::from_micros(dice.roll(20_000)));
                kills += 1;
                match victim {
                    "server" => {
                        let arrivals = world.arrivals();
                        server.program.stop();
                        server = Server::start_in(&folder, &["--flood", "0", "--listen", &address.to_string()]);
                        if dice.roll(4) == 0 {
                            // Mostly she is killed next; sometimes she comes back by herself.
                            world.wait(PATIENCE * 3, "tesla", || world.arrivals() > arrivals);
                        }
                    }
                    "tesla" => {
                        tesla.kill();
                        tesla = Tesla::start(scope, &world);
                    }
                    _ => world.bob.lock().unwrap().iter_mut().for_each(|bob| bob.kill().unwrap()),
                }
            }
        }
        world.over.store(true, Ordering::SeqCst);
        world.await_rest(&folder);
        tesla.kill();
    });
    let letters = world.judge(seed);
    let marked = world.shown().values().filter(|shown| shown.plain + shown.marked > 1).count();
    let [whole, broken] = world.scripts.lock().unwrap().each_ref().map(Vec::len);
    Figures { kills, letters, marked, whole, broken }
}

/// tesla at the chat client, who is started again until the name is free and the server there.
struct Tesla<'scope> {
    over: Arc<AtomicBool>,
    child: Arc<Mutex<Option<Child>>>,
    thread: thread::ScopedJoinHandle<'scope, ()>,
}

impl<'scope> Tesla<'scope> {
    fn start<'env>(scope: &'scope thread::Scope<'scope, 'env>, world: &'env World) -> Tesla<'scope>
    where
        'env: 'scope,
    {
        let (over, child) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let (is_over, current) = (Arc::clone(&over), Arc::clone(&child));
        let thread = scope.spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let mut command = world.home.client(&["--nick", "tesla"]);
                let mut running = quiet(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
                let stdout = BufReader::new(running.stdout.take().unwrap());
                *current.lock().unwrap() = Some(running);
                if is_over.load(Ordering::SeqCst) {
                    current.lock().unwrap().as_mut().unwrap().kill().unwrap();
                }
                // Also what was printed just before it was killed.
                for line in stdout.lines().map(Result::unwrap) {
                    world.screen.lock().unwrap().push(line);
                }
                current.lock().unwrap().take().unwrap().wait().unwrap();
            }
        });
        Tesla { over, child, thread }
    }

    fn kill(self) {
        self.over.store(true, Ordering::SeqCst);
        self.child.lock().unwrap().iter_mut().for_each(|child| child.kill().unwrap());
        self.thread.join().unwrap();
    }
}

/// albert writes letters, one after another, and never goes on before one is acknowledged.
fn albert_loop(world: &World) {
    let mut number = 0;
    while !world.over.load(Ordering::SeqCst) {
        let Ok(socket) = TcpStream::connect(world.address) else { continue };
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut lines = BufReader::new(&socket).lines();
        // The end of the connection is the server's end.
        let mut answered = |request: &str, token: &str| {
            (&socket).write_all(request.as_bytes()).is_ok()
                && lines.by_ref().map_while(Result::ok).any(|l| l.ends_with(token))
        };
        let capabilities = if cfg!(feature = "multiline") { ABLE } else { "message-tags" };
        let registration = "NICK albert\r\nUSER albert 0 * :A\r\nCAP END\r\nPING :in\r\n";
        if !answered(&format!("CAP REQ :{capabilities}\r\n{registration}"), " PONG groupchat :in") {
            continue;
        }
        loop {
            let first = format!("albert {number}");
            let lines = match second_row(number) {
                Some(second) => batch("PRIVMSG", "tesla", &[&first, &second]),
                None => format!("PRIVMSG tesla :{first}\r\n"),
            };
            let letter = format!("@+groupchat.local/id=a-{number} {lines}PING :{number}.\r\n");
            if world.over.load(Ordering::SeqCst) || !answered(&letter, &format!(":{number}.")) {
                break;
            }
            number += 1;
            world.acknowledged.store(number, Ordering::SeqCst);
        }
    }
}

/// The second row of some of albert's letters.
fn second_row(number: usize) -> Option<String> {
    (cfg!(feature = "multiline") && number.is_multiple_of(3)).then(|| format!("and {number}"))
}

/// A letter of bob's. Some are longer than a line of the protocol.
fn of_bob(number: usize) -> String {
    let end =
        if cfg!(feature = "multiline") && number.is_multiple_of(3) { "0123456789 ".repeat(60) } else { String::new() };
    format!("bob {number} {end}").trim_end().to_owned()
}

const SCRIPT: usize = 10;

/// bob runs scripts, one after another. When one ends well, all its letters are acknowledged.
fn bob_loop(world: &World) {
    for script in 0.. {
        if world.over.load(Ordering::SeqCst) {
            return;
        }
        let mut command = world.home.client(&["--nick", "bob"]);
        let mut running = quiet(&mut command).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines: String = (0..SCRIPT).map(|line| format!("@tesla {}\n", of_bob(script * SCRIPT + line))).collect();
        // It may be killed before it has read them.
        let _ = running.stdin.take().unwrap().write_all(lines.as_bytes());
        *world.bob.lock().unwrap() = Some(running);
        let ended = loop {
            let ended = world.bob.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            match ended {
                Some(status) => break status,
                None => thread::yield_now(),
            }
            thread::sleep(Duration::from_millis(1));
        };
        *world.bob.lock().unwrap() = None;
        world.scripts.lock().unwrap()[usize::from(!ended.success())].push(script);
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stderr(Stdio::null())
}

impl World {
    fn await_acknowledgement(&self) {
        let before = self.acknowledged.load(Ordering::SeqCst);
        self.wait(PATIENCE * 3, "an acknowledgement", || self.acknowledged.load(Ordering::SeqCst) > before);
    }

    /// How often tesla has come into the chat.
    fn arrivals(&self) -> usize {
        let is_arrival = |line: &&String| **line == WELCOME || **line == "Connected again.";
        self.screen.lock().unwrap().iter().filter(is_arrival).count()
    }

    /// Waits until nobody writes any more and all is confirmed.
    fn await_rest(&self, folder: &TempDir) {
        let mailbox = folder.path().join("mail/tesla/new");
        self.wait(REST, "an empty mailbox", || {
            let is_quiet = self.bob.lock().unwrap().is_none();
            is_quiet && fs::read_dir(&mailbox).unwrap().count() == 0
        });
    }

    fn wait(&self, patience: Duration, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + patience;
        while !is_so() {
            if Instant::now() > deadline {
                self.over.store(true, Ordering::SeqCst);
                panic!("never came: {what}");
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// How often each letter was shown.
    fn shown(&self) -> HashMap<String, Shown> {
        let mut all: HashMap<String, Shown> = HashMap::new();
        let screen = self.screen.lock().unwrap();
        for (at, line) in screen.iter().enumerate() {
            if let Some((before, letter)) = line.split_once(" (to you): ") {
                if let Some(second) = number(line, "albert").and_then(second_row) {
                    assert_eq!(screen.get(at + 1), Some(&format!("  {second}")), "half of {letter:?} was shown");
                }
                let shown = all.entry(letter.to_owned()).or_default();
                let count = if before.contains("perhaps shown before") { &mut shown.marked } else { &mut shown.plain };
                *count += 1;
            }
        }
        all
    }

    /// Every acknowledged letter was shown, none twice without a mark, and each sender's in order; returns how many.
    fn judge(&self, seed: u64) -> usize {
        let shown = self.shown();
        let screen = || self.screen.lock().unwrap().join("\n");
        let [whole, _] = self.scripts.lock().unwrap().clone();
        let of_albert = (0..self.acknowledged.load(Ordering::SeqCst)).map(|number| format!("albert {number}"));
        let of_bob = whole.iter().flat_map(|script| script * SCRIPT..(script + 1) * SCRIPT);
        let acknowledged: Vec<_> = of_albert.chain(of_bob.map(self::of_bob)).collect();
        for letter in &acknowledged {
            assert!(shown.contains_key(letter), "world {seed}: {letter:?} is lost:\n{}", screen());
        }
        let number_of_bob = |letter: &str| letter.strip_prefix("bob ")?.split(' ').next()?.parse().ok();
        for (letter, Shown { plain, .. }) in &shown {
            let whole = number_of_bob(letter).map(self::of_bob);
            assert!(whole.is_none_or(|whole| whole == *letter), "world {seed}: half of a letter was shown: {letter}");
            assert!(*plain <= 1, "world {seed}: {letter:?} was shown {plain} times:\n{}", screen());
        }
        for nick in ["albert", "bob"] {
            let mut first = HashSet::new();
            let numbers: Vec<usize> =
                self.screen.lock().unwrap().iter().filter_map(|line| number(line, nick)).collect();
            let once: Vec<usize> = numbers.into_iter().filter(|number| first.insert(*number)).collect();
            assert!(once.is_sorted(), "world {seed}: {nick}'s letters came in the order {once:?}");
        }
        acknowledged.len()
    }
}

/// The number of a letter from this sender.
fn number(line: &str, nick: &str) -> Option<usize> {
    let (_, letter) = line.split_once(" (to you): ")?;
    letter.strip_prefix(nick)?.split_whitespace().next()?.parse().ok()
}
