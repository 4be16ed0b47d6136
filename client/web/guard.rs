//! Who may ask: requests to this very address, from this very page, by somebody who has the token.
//!
//! Pure. A page of another site in the same browser is kept out by `Host` and `Origin` (it can reach this port, also
//! under a name of its own that leads to 127.0.0.1); another user of the machine by the token.

use super::http::{Refusal, Request};
use std::fmt::Write;
use std::io;
use wire::os;

/// Bytes of the token: nobody guesses it.
const TOKEN: usize = 16;

pub struct Guard {
    /// Tells those who have the token that they still talk to the same program: after its end, another user of the machine
    /// could take the port.
    pub run: String,
    /// In hexadecimal digits.
    token: String,
    /// The names of this server; a request has one of them exactly.
    hosts: [String; 2],
}

impl Guard {
    /// With a new token.
    pub fn new(port: u16) -> io::Result<Self> {
        let (token, run) = (secret()?, secret()?);
        Ok(Guard { run, token, hosts: ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}")) })
    }

    /// The address of the page. A browser sends nobody what stands behind the `#`.
    pub fn address(&self) -> String {
        format!("http://{}/#{}", self.hosts[0], self.token)
    }

    /// Refuses a request that is meant for another host, or that another site's page makes.
    pub fn check_names(&self, request: &Request) -> Result<(), Refusal> {
        let host = match &request.all("host")[..] {
            [host] => self.hosts.iter().find(|own| own.as_bytes() == *host),
            _ => return Err(Refusal::new(400, "A request names exactly one host")),
        };
        let host = host.ok_or_else(|| Refusal::new(403, "This is another host than the request names"))?;
        let own = format!("http://{host}");
        let is_own = request.all("origin").iter().all(|origin| *origin == own.as_bytes());
        if is_own { Ok(()) } else { Err(Refusal::new(403, "Only the page of this server may ask it")) }
    }

    /// Refuses a request without the token.
    pub fn check_token(&self, request: &Request) -> Result<(), Refusal> {
        let given = match &request.all("authorization")[..] {
            [given] => given.strip_prefix(b"Bearer ").unwrap_or_default(),
            _ => &[],
        };
        let why = "This needs the whole address of the page, which the terminal shows; open it from there";
        if is_equal(given, self.token.as_bytes()) { Ok(()) } else { Err(Refusal::new(403, why)) }
    }
}

/// Random bytes in hexadecimal digits.
fn secret() -> io::Result<String> {
    Ok(os::random::<TOKEN>()?.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

/// Compares in a time that does not tell how much is right.
fn is_equal(given: &[u8], right: &[u8]) -> bool {
    let different =
        given.iter().zip(right).fold(0, |different, (one, other)| std::hint::black_box(different | one ^ other));
    given.len() == right.len() && different == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&str, &str)]) -> Request {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Request { fields, ..Request::default() }
    }

    #[test]
    fn host_and_origin_are_these_and_no_others() {
        let guard = Guard::new(8000).unwrap();
        let status = |fields: &[(&str, &str)]| guard.check_names(&request(fields)).err().map(|refusal| refusal.status);
        for host in ["127.0.0.1:8000", "localhost:8000"] {
            assert_eq!(status(&[("host", host)]), None);
            assert_eq!(status(&[("host", host), ("origin", &format!("http://{host}"))]), None);
            for origin in [
                "null",
                "",
                "http://evil.example",
                "https://127.0.0.1:8000",
                "http://127.0.0.1:80",
                "http://127.0.0.1:8000.evil.example",
            ] {
                assert_eq!(status(&[("host", host), ("origin", origin)]), Some(403), "{origin}");
            }
        }
        assert_eq!(status(&[("host", "127.0.0.1:8000"), ("origin", "http://localhost:8000")]), Some(403));
        for host in [
            "evil.example:8000",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost:8000.evil.example",
            "LOCALHOST:8000",
            "[::1]:8000",
            "",
        ] {
            assert_eq!(status(&[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(status(&[]), Some(400));
        assert_eq!(status(&[("host", "127.0.0.1:8000"), ("host", "127.0.0.1:8000")]), Some(400));
    }

    #[test]
    fn the_token_is_needed_as_a_whole() {
        let guard = Guard::new(8000).unwrap();
        let token = guard.address().split_once('#').unwrap().1.to_owned();
        assert_eq!(token.len(), 2 * TOKEN);
        let is_let_in = |value: &str| guard.check_token(&request(&[("authorization", value)])).is_ok();
        assert!(is_let_in(&format!("Bearer {token}")));
        for wrong in [
            "",
            "Bearer ",
            &token,
            &format!("Bearer {}", &token[1..]),
            &format!("Bearer {token}0"),
            &format!("Basic {token}"),
        ] {
            assert!(!is_let_in(wrong), "{wrong}");
        }
        assert!(guard.check_token(&request(&[])).is_err());
        let twice = format!("Bearer {token}");
        assert!(guard.check_token(&request(&[("authorization", &twice), ("authorization", &twice)])).is_err());
        assert_ne!(Guard::new(8000).unwrap().address(), guard.address());
    }
}
