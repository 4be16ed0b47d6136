//! The tokens that open the data connections of one file.
//!
//! Part of the table of files, so they are only touched by a thread that holds the table's lock.

use std::collections::VecDeque;
use std::time::Instant;

use wire::crc32::Crc32;
use wire::names::eq_ignore_case;

use super::limits;
use crate::core::party::Party;

/// How much of a file the server has from its beginning, and the sum of that: an upload can resume there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResumePoint {
    pub bytes: u64,
    pub sum: Crc32,
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// To upload the file, from its beginning or from here on.
    Put(ResumePoint),
    /// To download it, under this nick.
    Get(String),
}

impl TokenScope {
    pub fn is_put(&self) -> bool {
        matches!(self, TokenScope::Put(_))
    }

    /// Whether two are for the same person: a file has one sender.
    fn is_of_same(&self, other: &TokenScope) -> bool {
        match (self, other) {
            (TokenScope::Get(one), TokenScope::Get(other)) => eq_ignore_case(one, other),
            _ => self.is_put() && other.is_put(),
        }
    }
}

#[derive(Debug)]
pub struct Token {
    pub secret: String,
    pub scope: TokenScope,
    /// The party that asked for it.
    pub party: Party,
    /// Issued over TLS, so that it is worth nothing in plain text.
    pub secure: bool,
}

/// Tokens in the order in which they expire, each with the moment until which it is good.
#[derive(Debug, Default)]
pub struct Tokens(VecDeque<(Token, Instant)>);

impl Tokens {
    /// Enters a token. A new one for an upload makes older ones worthless: the resume point that they promised may no
    /// longer be true. Of the tokens of one recipient, and of all, the oldest goes when there are too many.
    pub fn issue(&mut self, token: Token, now: Instant) {
        while self.0.front().is_some_and(|(_, good_until)| *good_until <= now) {
            self.0.pop_front();
        }
        let most = if token.scope.is_put() { 1 } else { limits::TOKENS_PER_RECIPIENT };
        let same: Vec<_> = (0..self.0.len()).filter(|at| self.0[*at].0.scope.is_of_same(&token.scope)).collect();
        if same.len() >= most {
            self.0.remove(same[0]);
        } else if self.0.len() >= limits::TOKENS_PER_FILE {
            self.0.pop_front();
        }
        self.0.push_back((token, now + limits::TOKEN_LIFE));
    }

    /// The token, if it is good on a connection that is as secure as the one over which it was issued.
    pub fn find(&self, secret: &str, puts: bool, secure: bool, now: Instant) -> Option<&Token> {
        let fits = |token: &Token| token.secret == secret && token.scope.is_put() == puts && (secure || !token.secure);
        self.0.iter().find(|(token, good_until)| fits(token) && *good_until > now).map(|(token, _)| token)
    }

    /// Takes a token out: it is good once.
    pub fn take(&mut self, secret: &str) -> Option<Token> {
        let at = self.0.iter().position(|(token, _)| token.secret == secret)?;
        self.0.remove(at).map(|(token, _)| token)
    }

    /// Tokens for uploads are worth nothing any more.
    pub fn end_uploads(&mut self) {
        self.0.retain(|(token, _)| !token.scope.is_put());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn token(secret: &str, scope: TokenScope) -> Token {
        Token { secret: secret.into(), scope, party: Party::of(Ipv4Addr::LOCALHOST.into()), secure: false }
    }

    fn get(secret: &str, nick: &str) -> Token {
        token(secret, TokenScope::Get(nick.into()))
    }

    #[test]
    fn a_token_is_good_once_for_one_direction_and_expires() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        tokens.issue(get("s", "albert"), now);
        assert!(tokens.find("s", true, false, now).is_none());
        assert!(tokens.find("t", false, false, now).is_none());
        assert!(tokens.find("s", false, false, now).is_some());
        assert_eq!(tokens.take("s").unwrap().scope, TokenScope::Get("albert".into()));
        assert!(tokens.find("s", false, false, now).is_none() && tokens.take("s").is_none());
        tokens.issue(Token { secure: true, ..get("s", "albert") }, now);
        assert!(tokens.find("s", false, false, now).is_none(), "it was issued over TLS");
        assert!(tokens.find("s", false, true, now).is_some());
        assert!(tokens.find("s", false, true, now + limits::TOKEN_LIFE).is_none());
        tokens.issue(get("t", "albert"), now + limits::TOKEN_LIFE);
        assert_eq!(tokens.0.len(), 1, "an expired token is forgotten");
    }

    #[test]
    fn a_new_token_to_send_replaces_the_old_one() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        tokens.issue(get("get", "albert"), now);
        tokens.issue(token("old", TokenScope::Put(ResumePoint::default())), now);
        tokens.issue(token("new", TokenScope::Put(ResumePoint { bytes: 5, ..ResumePoint::default() })), now);
        assert!(tokens.find("old", true, false, now).is_none());
        assert!(tokens.find("new", true, false, now).is_some() && tokens.find("get", false, false, now).is_some());
        tokens.end_uploads();
        assert!(tokens.find("new", true, false, now).is_none());
    }

    #[test]
    fn who_asks_again_and_again_takes_no_token_from_others() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        tokens.issue(get("b", "bob"), now);
        for number in 0..10 * limits::TOKENS_PER_FILE {
            tokens.issue(get(&number.to_string(), "eve"), now);
        }
        assert_eq!(tokens.0.len(), 1 + limits::TOKENS_PER_RECIPIENT);
        for number in 0..2 * limits::TOKENS_PER_FILE {
            tokens.issue(get("x", &format!("n{number}")), now);
        }
        assert_eq!(tokens.0.len(), limits::TOKENS_PER_FILE);
    }
}
