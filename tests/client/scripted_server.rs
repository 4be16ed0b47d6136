//! A server that does what a test tells it to, so that the client meets what ours never does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use crate::harness::{PATIENCE, fits};

use super::person::{Home, Person, WELCOME, address_of_its_own};

/// A listening socket.
pub struct ScriptedServer {
    pub address: String,
    accepted: Receiver<TcpStream>,
    accepting: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    pub fn start() -> ScriptedServer {
        let listener = TcpListener::bind((address_of_its_own(), 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, accepted) = mpsc::channel();
        let accepting = thread::spawn(move || {
            // Until the test is over: then nobody takes the next connection.
            while let Ok((socket, _)) = listener.accept()
                && sender.send(socket).is_ok()
            {}
        });
        ScriptedServer { address, accepted, accepting: Some(accepting) }
    }

    /// The next connection.
    #[track_caller]
    pub fn accept(&self) -> Session {
        let socket = self.accepted.recv_timeout(PATIENCE).expect("the client connects");
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Session { reader: BufReader::new(socket), transcript: vec!["--- on the wire ---".into()] }
    }

    /// tesla, who has come into the lobby, and her connection.
    #[track_caller]
    pub fn tesla(&self, home: &Home) -> (Person, Session) {
        let mut tesla = home.start(&["--nick", "tesla"]);
        let mut session = self.accept();
        session.welcome("tesla");
        session.let_in("tesla", "#lobby");
        tesla.expect_line(WELCOME);
        (tesla, session)
    }

    /// The same on a server that takes files.
    #[track_caller]
    pub fn tesla_with_files(&self, home: &Home, options: &[&str]) -> (Person, Session) {
        let mut tesla = home.start(&[&["--nick", "tesla"], options].concat());
        let session = self.accept_with_files(&[]);
        tesla.expect_line(WELCOME);
        (tesla, session)
    }

    /// tesla's connection, after the welcome and these items of the list of files.
    #[track_caller]
    pub fn accept_with_files(&self, items: &[&str]) -> Session {
        let mut session = self.accept();
        session.expect_registration("tesla");
        session.send(":srv CAP tesla ACK :groupchat.local/files");
        session.send(":srv 001 tesla :Welcome");
        session.expect("FILE LIST");
        session.expect("JOIN #lobby");
        items.iter().for_each(|item| session.send(&format!(":srv FILE ITEM {item}")));
        session.send(":srv FILE END");
        session.send(":tesla!tesla@host JOIN #lobby");
        session.answer_ping();
        session
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // A connection that nobody wants any more ends the thread.
        self.accepted = mpsc::channel().1;
        let woken = TcpStream::connect(&self.address).is_ok();
        let ended = self.accepting.take().map(|thread| woken && thread.join().is_ok());
        assert!(thread::panicking() || ended == Some(true));
    }
}

/// One connection, seen from the server.
pub struct Session {
    reader: BufReader<TcpStream>,
    transcript: Vec<String>,
}

impl Session {
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.transcript.push(format!("server: {:?}", wire::text::truncate(&String::from_utf8_lossy(bytes), 200)));
        self.reader.get_ref().write_all(bytes).unwrap();
    }

    /// The next line that the client sends; `None` at the end of the connection.
    #[track_caller]
    pub fn receive(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).expect("the client sends a line");
        self.transcript.push(format!("client: {line:?}"));
        let tags = if line.starts_with('@') { line.find(' ').map_or(count, |space| space + 1) } else { 0 };
        assert!(count - tags <= wire::limits::LINE, "{count} bytes: {line:?}");
        (count > 0).then(|| line.strip_suffix("\r\n").expect("a line has its end").to_owned())
    }

    /// The client sends exactly this line next; `*` stands for any characters.
    #[track_caller]
    pub fn expect(&mut self, pattern: &str) -> String {
        let got = self.receive().unwrap_or_else(|| panic!("the connection ended before {pattern:?}"));
        assert!(fits(pattern, &got), "got {got:?}, not {pattern:?}");
        got
    }

    /// The next bytes that the client sends.
    #[track_caller]
    pub fn receive_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("the client sends so many bytes");
        self.transcript.push(format!("client: ({count} bytes)"));
        bytes
    }

    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.receive(), None);
    }

    #[track_caller]
    pub fn expect_registration(&mut self, nick: &str) {
        let files = cfg!(feature = "files").then_some("groupchat.local/files");
        self.expect("CAP LS 302");
        let core =
            ["message-tags", "server-time", "multi-prefix", "groupchat.local/waited", "batch", "draft/multiline"];
        for line in core.into_iter().chain(files).map(|name| format!("CAP REQ :{name}")).chain([format!("NICK {nick}")])
        {
            let mut got = self.receive().unwrap();
            if got == "CAP REQ :away-notify" {
                // For a page.
                got = self.receive().unwrap();
            }
            assert_eq!(got, line);
        }
        self.expect(&format!("USER {nick} 0 * *"));
        self.expect("CAP END");
    }

    /// Takes the registration.
    #[track_caller]
    pub fn welcome(&mut self, nick: &str) {
        self.expect_registration(nick);
        self.send(&format!(":srv 001 {nick} :Welcome"));
    }

    /// The client enters a room, and asks whether that has been seen.
    #[track_caller]
    pub fn let_in(&mut self, nick: &str, room: &str) {
        self.expect(&format!("JOIN {room}*"));
        self.send(&format!(":{nick}!{nick}@host JOIN {room}"));
        self.answer_ping();
    }

    /// Confirms all that came before.
    #[track_caller]
    pub fn answer_ping(&mut self) {
        let ping = self.expect("PING :gc-*");
        let token = ping.trim_start_matches("PING :");
        self.send(&format!(":srv PONG srv :{token}"));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.transcript.join("\n"));
        }
    }
}
