//! Hosts of their own: network namespaces that the test makes itself, on a bridge in another one, so that no datagram ever
//! leaves them.
//!
//! Making them takes root and the program `ip`. Where that is not to be had the test says that it was skipped, and
//! fails if `NAMESPACES=required` is set.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::person::{Person, WELCOME};
use crate::harness::{Output, Program, skip};

/// Hosts on one network, removed in the end.
pub struct Lab {
    id: String,
    hosts: usize,
    folder: TempDir,
    server: Option<Program>,
}

fn ip(words: &str) -> bool {
    let run = Command::new("ip").args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

impl Lab {
    /// So many hosts, and one for the server; `None` when there can be none.
    pub fn with(hosts: usize, test: &str) -> Option<Lab> {
        let id = format!("gc{}{test}", std::process::id());
        let mut lab = Lab { id, hosts, folder: TempDir::new().unwrap(), server: None };
        if !lab.is_built() {
            assert!(std::env::var("NAMESPACES").as_deref() != Ok("required"), "no network namespaces can be made");
            skip("no network namespaces can be made (it takes root, and the program ip)");
            return None;
        }
        lab.serve("10.99.0.100:0", &[]);
        Some(lab)
    }

    fn serve(&mut self, address: &str, options: &[&str]) {
        let mut command = self.on(0, env!("CARGO_BIN_EXE_chat-server"));
        command.args(["--listen", address, "--flood", "0", "--plain", "always"]).args(options);
        command.arg("--data-dir").arg(self.folder.path());
        self.server = Some(Program::start(command, "Server has started listening on ", 1, Output::Read));
    }

    /// The server ends, and starts again with other options.
    pub fn serve_again(&mut self, options: &[&str]) {
        let address = self.server.take().unwrap().ready()[0].clone();
        self.serve(&address, options);
    }

    /// Gives the server's host and the first one an address that counts on one link alone, and lets the server listen
    /// there, too; its port, or `None` without IPv6.
    pub fn serve_on_link(&mut self, server: &str, host: &str) -> Option<u16> {
        let id = &self.id;
        // Nobody else can have these addresses, so nobody has to wait until that is sure.
        let are_given = ip(&format!("-n {id}-0 addr add {server}/64 dev hub nodad"))
            && ip(&format!("-n {id}-1 addr add {host}/64 dev eth0 nodad"));
        self.server = None;
        self.serve("[::]:0", &[]);
        let port = self.server.as_ref()?.ready()[0].rsplit_once(':')?.1.parse().ok()?;
        are_given.then_some(port)
    }

    /// The number of the only interface of a host, but for the loopback.
    pub fn interface(&self, host: usize) -> String {
        let shown = self.on(host, "cat").arg("/sys/class/net/eth0/ifindex").output().unwrap();
        String::from_utf8(shown.stdout).unwrap().trim().to_owned()
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
    pub fn on(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}-{host}", self.id), program]);
        command
    }

    /// Somebody who starts the client, with a home of this name.
    pub fn start(&self, host: usize, home: &str, options: &[&str]) -> Person {
        self.start_calling(&self.server.as_ref().unwrap().ready()[0], host, home, options)
    }

    /// The same with another address of the server.
    pub fn start_calling(&self, server: &str, host: usize, home: &str, options: &[&str]) -> Person {
        Person::start(self.client_calling(server, host, home, options), Output::Read)
    }

    /// The client on one of the hosts.
    pub fn client(&self, host: usize, home: &str, options: &[&str]) -> Command {
        self.client_calling(&self.server.as_ref().unwrap().ready()[0], host, home, options)
    }

    fn client_calling(&self, server: &str, host: usize, home: &str, options: &[&str]) -> Command {
        let mut command = self.on(host, env!("CARGO_BIN_EXE_chat-client"));
        command.args(["--server", server, "--iface", &format!("10.99.0.{host}")]).args(options);
        command.env("HOME", self.folder.path()).env("XDG_CONFIG_HOME", self.folder.path().join(home));
        command
    }

    /// Somebody at the client, who has entered the room `lab`.
    #[track_caller]
    pub fn person(&self, host: usize, nick: &str, options: &[&str]) -> Person {
        let mut person = self.start(host, nick, &[&["--nick", nick], options].concat());
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
