//! One connection to a server, as a person in a transcript: `alice.send(..)`, `alice.expect(..)`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use wire::stream::Stream;
use wire::{limits, numeric};

use super::{PATIENCE, Transcript, fits};

/// One connection to a server.
pub struct Client {
    /// What the server calls it: `*` before it has a name.
    pub nick: String,
    /// Its end of the connection, as the server's log names it.
    pub address: SocketAddr,
    reader: BufReader<Stream>,
    transcript: Arc<Transcript>,
    pings: usize,
    /// It confirms letters by itself, as every chat program does, and shows nothing of it.
    pub confirms: bool,
}

impl Client {
    pub(super) fn connect(address: SocketAddr, transcript: Arc<Transcript>) -> Client {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        let address = socket.local_addr().unwrap();
        let reader = BufReader::new(Stream::new(socket));
        Client { nick: "*".into(), address, reader, transcript, pings: 0, confirms: true }
    }

    /// Sends one line.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        self.note("->", line);
        self.write(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.note("->", &String::from_utf8_lossy(bytes));
        self.write(bytes).unwrap();
    }

    /// Sends bytes to a server that may have closed the connection.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_ref().write_all(bytes)
    }

    pub fn stream(&self) -> &Stream {
        self.reader.get_ref()
    }

    pub fn socket(&self) -> &TcpStream {
        self.stream().socket()
    }

    /// The next line that the server sends, or `None` at the end of the connection.
    #[track_caller]
    pub fn receive(&mut self) -> Option<String> {
        loop {
            let line = self.receive_any()?;
            let Some(token) = line.strip_prefix("PING :mail-").filter(|_| self.confirms) else { return Some(line) };
            // Whoever has left confirms nothing any more.
            let _ = self.write(format!("PONG :mail-{token}\r\n").as_bytes());
        }
    }

    #[track_caller]
    fn receive_any(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        if let Err(error) = self.reader.read_until(b'\n', &mut bytes) {
            self.note("<-", &format!("({error})"));
            panic!("{} got no line: {error}", self.nick);
        }
        if bytes.is_empty() {
            self.note("<-", "(end)");
            return None;
        }
        let line = checked(bytes);
        self.note("<-", &line);
        Some(line)
    }

    /// The next bytes that the server sends, as many as are asked for unless the connection ends.
    #[track_caller]
    pub fn receive_bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(most as u64).read_to_end(&mut bytes).unwrap();
        self.note("<-", &format!("({} bytes)", bytes.len()));
        bytes
    }

    /// Gets exactly this line next (see [`fits`]). A numeric may be given short, without the text that the table has for
    /// it: `403 #a` stands for `:groupchat 403 alice #a :No such room`.
    #[track_caller]
    pub fn expect(&mut self, pattern: &str) -> String {
        let got = self.receive().unwrap_or_else(|| panic!("{} got no {pattern:?} but the end", self.nick));
        assert!(self.is(pattern, &got), "{} got {got:?}, not {pattern:?}", self.nick);
        got
    }

    /// Whether a line is what was expected.
    pub fn is(&self, pattern: &str, line: &str) -> bool {
        if !pattern.starts_with(|c: char| c.is_ascii_digit()) {
            return fits(pattern, line);
        }
        let (code, rest) = pattern.split_at(3);
        let text = numeric::ALL.iter().find(|numeric| code.parse() == Ok(numeric.code)).map_or("", |known| known.text);
        let is_whole = text.is_empty() || rest.contains(" :") || rest.ends_with('*');
        let text = if is_whole { String::new() } else { format!(" :{text}") };
        fits(&format!(":groupchat {code} {}{rest}{text}", self.nick), line)
    }

    /// Reads on until this line comes, and returns it.
    #[track_caller]
    pub fn skip_to(&mut self, pattern: &str) -> String {
        loop {
            let got = self.receive().unwrap_or_else(|| panic!("{} got no {pattern:?} before the end", self.nick));
            if self.is(pattern, &got) {
                return got;
            }
        }
    }

    /// Everything that comes before the answer to a PING: all that was sent to this client until now.
    #[track_caller]
    pub fn sync(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("sync-{}", self.pings);
        self.send(&format!("PING {token}"));
        let pong = format!(":groupchat PONG groupchat :{token}");
        let lines = std::iter::from_fn(|| self.receive().filter(|line| *line != pong));
        lines.collect()
    }

    /// Nothing has come that was not read yet.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        self.expect_only(&[]);
    }

    /// Exactly these lines have come, and nothing else.
    #[track_caller]
    pub fn expect_only(&mut self, patterns: &[&str]) -> Vec<String> {
        let got = self.sync();
        let fits =
            got.len() == patterns.len() && patterns.iter().zip(&got).all(|(pattern, line)| self.is(pattern, line));
        assert!(fits, "{} got\n{got:#?}\nand not\n{patterns:#?}", self.nick);
        got
    }

    /// The same in any order.
    #[track_caller]
    pub fn expect_in_any_order(&mut self, patterns: &[&str]) {
        let got = self.sync();
        let all_came = patterns.iter().all(|pattern| got.iter().any(|line| self.is(pattern, line)));
        assert!(all_came && got.len() == patterns.len(), "{} got\n{got:#?}\nand not\n{patterns:#?}", self.nick);
    }

    /// Sends a line and gets exactly these answers.
    #[track_caller]
    pub fn ask(&mut self, line: &str, answers: &[&str]) -> Vec<String> {
        self.send(line);
        self.expect_only(answers)
    }

    /// The server closes the connection, properly.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let got = self.receive();
        assert_eq!(got, None, "{} is still connected", self.nick);
    }

    /// Registers, and reads the welcome.
    #[track_caller]
    pub fn register(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick}"));
        self.nick = nick.into();
        self.skip_welcome();
    }

    /// Reads the welcome, which ends with the message of the day where there is such a thing.
    #[track_caller]
    pub fn skip_welcome(&mut self) {
        self.expect("001 :Welcome *");
        let ends = if cfg!(feature = "irc") { ["422 *", "376 *"] } else { ["003 *"; 2] };
        while !self.receive().is_some_and(|line| ends.iter().any(|end| self.is(end, &line))) {}
    }

    /// Enters a room, and reads its names.
    #[track_caller]
    pub fn join(&mut self, room: &str) {
        self.send(&format!("JOIN {room}"));
        self.skip_to("366 *");
    }

    /// Says that it will send no more, and still reads.
    pub fn half_close(&self) {
        self.socket().shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection without a word. Bytes that have come and are not read make that a reset.
    pub fn reset(self) {
        let came = self.socket().peek(&mut [0]).unwrap();
        assert_eq!(came, 1, "there is nothing unread");
    }

    fn note(&self, arrow: &str, text: &str) {
        let name = if self.nick == "*" { self.address.port().to_string() } else { self.nick.clone() };
        self.transcript.add(format!("{name:>9} {arrow} {}", wire::text::truncate(text, 200)));
    }
}

/// What holds for every line that a server sends: its end, its length, its encoding.
fn checked(bytes: Vec<u8>) -> String {
    let mut line = String::from_utf8(bytes).expect("every line is UTF-8");
    let tags = if line.starts_with('@') { line.find(' ').map_or(line.len(), |space| space + 1) } else { 0 };
    assert!(tags <= limits::SERVER_TAGS, "{tags} bytes of tags: {line:?}");
    assert!(line.len() - tags <= limits::LINE, "a line of {} bytes: {line:?}", line.len());
    assert!(line.ends_with("\r\n"), "{line:?} is cut short");
    line.truncate(line.len() - 2);
    assert!(!line.contains(['\r', '\0']), "{line:?}");
    line
}

/// The capabilities of a client that can send and gets messages of several rows.
pub const ABLE: &str = "batch draft/multiline message-tags";

/// The lines of a batch with these rows. One that begins with `+` goes on where the one before it has ended.
pub fn batch(verb: &str, target: &str, rows: &[&str]) -> String {
    let row = |row: &&str| match row.strip_prefix('+') {
        Some(text) => format!("@batch=1;draft/multiline-concat {verb} {target} :{text}\r\n"),
        None => format!("@batch=1 {verb} {target} :{row}\r\n"),
    };
    let rows: String = rows.iter().map(row).collect();
    format!("BATCH +1 draft/multiline {target}\r\n{rows}BATCH -1\r\n")
}
