//! The command line, read by hand: the benchmark needs no more than `--name value`.
//!
//! Thread: the generator's only one. No locks.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::conversation::HEADER;
use crate::server::Kind;
use crate::stalled::{HEALTHY, PAYLOAD};

pub const USAGE: &str = "\
usage: bench [OPTIONS]        (with cargo: cargo bench --bench bench -- [OPTIONS])
  --cases LIST              fanout,stalled,idle,queries,tls,keys,files,wake-ups,datagrams
                            (tls: fan-out and handshakes)
  --servers LIST            ours,other,ngircd,inspircd              [all but other]
  --clients LIST            members of the fan-out room             [200,1000]
  --in-flight LIST          lines in flight per speaker, fan-out    [1,32]
  --speakers N              speakers in the room                    [8]
  --payload BYTES           text of a fan-out line, 16 to 400       [64]
  --stalled N               members that never read                 [20]
  --stalled-in-flight LIST  lines in flight per speaker, stalled    [1]
  --idle N                  clients of the idle crowd               [8000]
  --askers N                clients that ask without pause          [20]
  --unfinished N            handshakes that nobody finishes         [1000]
  --keys N                  keys that are pressed                   [1000]
  --file-mib N              MiB of the file that is sent and fetched  [1024]
  --idle-rooms N            rooms that the idle crowd spreads over  [0: none]
  --warm-up SECONDS         before each measured interval           [0.5]
  --seconds SECONDS         length of each measured interval        [2.5]
  --rounds N                rounds of all but the idle crowd        [3]
  --idle-seconds SECONDS    how long clients wait for nothing, wake-ups  [10]
  --csv FILE                append every round to this file, too
  --only-quick              a first look in about two minutes
  --ours PATH               our server, if cargo did not build it
  --other PATH              compare ours with this other build of it alone";

const CASES: [&str; 9] = ["fanout", "stalled", "idle", "queries", "tls", "keys", "files", "wake-ups", "datagrams"];

pub struct Options {
    pub cases: Vec<String>,
    pub servers: Vec<Kind>,
    pub clients: Vec<usize>,
    pub in_flight: Vec<usize>,
    pub speakers: usize,
    pub payload: usize,
    pub stalled: usize,
    pub stalled_in_flight: Vec<usize>,
    pub idle: usize,
    pub idle_rooms: usize,
    pub askers: usize,
    pub unfinished: usize,
    pub keys: usize,
    pub file_mib: usize,
    warm_up: f64,
    seconds: f64,
    pub rounds: usize,
    pub idle_seconds: f64,
    pub csv: Option<PathBuf>,
    pub ours: Option<PathBuf>,
    pub other: Option<PathBuf>,
}

impl Options {
    fn new() -> Self {
        Self {
            cases: CASES.map(str::to_owned).to_vec(),
            servers: vec![Kind::Ours, Kind::Ngircd, Kind::Inspircd],
            clients: vec![200, 1000],
            in_flight: vec![1, 32],
            speakers: 8,
            payload: 64,
            stalled: 20,
            stalled_in_flight: vec![1],
            idle: 8000,
            idle_rooms: 0,
            askers: 20,
            unfinished: 1000,
            keys: 1000,
            file_mib: 1024,
            warm_up: 0.5,
            seconds: 2.5,
            rounds: 3,
            idle_seconds: 10.0,
            csv: None,
            ours: None,
            other: None,
        }
    }

    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut this = Self::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                // cargo adds this to what the user wrote.
                "--bench" => {}
                "--only-quick" => this.hurry(),
                "-h" | "--help" => return Err(USAGE.to_owned()),
                name => {
                    let value = words.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
                    this.set(name, &value).map_err(|why| format!("{name} {value}: {why}\n{USAGE}"))?;
                }
            }
        }
        this.check()?;
        Ok(this)
    }

    fn hurry(&mut self) {
        self.clients = vec![200];
        self.idle = 1000;
        self.keys = 200;
        self.file_mib = 128;
        self.seconds = 1.0;
        self.idle_seconds = 2.0;
        self.rounds = 1;
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--cases" => self.cases = list(value)?,
            "--servers" => self.servers = value.split(',').map(kind).collect::<Result<_, _>>()?,
            "--clients" => self.clients = list(value)?,
            "--in-flight" => self.in_flight = list(value)?,
            "--speakers" => self.speakers = number(value)?,
            "--payload" => self.payload = number(value)?,
            "--stalled" => self.stalled = number(value)?,
            "--stalled-in-flight" => self.stalled_in_flight = list(value)?,
            "--idle" => self.idle = number(value)?,
            "--askers" => self.askers = number(value)?,
            "--unfinished" => self.unfinished = number(value)?,
            "--keys" => self.keys = number(value)?,
            "--file-mib" => self.file_mib = number(value)?,
            "--idle-rooms" => self.idle_rooms = number(value)?,
            "--warm-up" => self.warm_up = number(value)?,
            "--seconds" => self.seconds = number(value)?,
            "--rounds" => self.rounds = number(value)?,
            "--idle-seconds" => self.idle_seconds = number(value)?,
            "--csv" => self.csv = Some(PathBuf::from(value)),
            "--ours" => self.ours = Some(PathBuf::from(value)),
            "--other" => {
                self.other = Some(PathBuf::from(value));
                self.servers = vec![Kind::Ours, Kind::Other];
            }
            _ => return Err("no such option".to_owned()),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let smallest_room = self.clients.iter().copied().min().unwrap_or(0).min(HEALTHY);
        let wrong = if !self.cases.iter().all(|case| CASES.contains(&case.as_str())) {
            "--cases are fanout, stalled, idle, queries, tls, keys, files, wake-ups and datagrams"
        } else if !(HEADER..=PAYLOAD).contains(&self.payload) {
            "--payload must be from 16 to 400"
        } else if self.speakers == 0 || self.speakers * 2 > smallest_room {
            "at most every second member of a room can be one of the --speakers, and one must be"
        } else if self.in_flight.contains(&0) || self.stalled_in_flight.contains(&0) {
            "a speaker needs at least one line in flight"
        } else if !(0.2..=60.0).contains(&self.seconds) || !(0.0..=60.0).contains(&self.warm_up) {
            "--seconds must be from 0.2 to 60, --warm-up from 0 to 60"
        } else if !(0.2..=60.0).contains(&self.idle_seconds) {
            "--idle-seconds must be from 0.2 to 60"
        } else if [self.rounds, self.idle, self.stalled, self.askers, self.unfinished, self.keys, self.file_mib]
            .contains(&0)
        {
            "--rounds, --idle, --stalled, --askers, --unfinished, --keys and --file-mib must not be 0"
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }

    /// Warm-up, and the measured interval.
    pub fn times(&self) -> [Duration; 2] {
        [self.warm_up, self.seconds].map(Duration::from_secs_f64)
    }

    pub fn wants(&self, case: &str) -> bool {
        self.cases.iter().any(|wanted| wanted == case)
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| format!("no server {name:?}"))
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not understood"))
}

fn list<T: FromStr>(text: &str) -> Result<Vec<T>, String> {
    text.split(',').map(number).collect()
}
