//! WHOWAS: who has had a nick that is free again.
//!
//! Runs in client threads. What is remembered has a lock of its own, which is taken only after the registry's, and held
//! for a look at a few hundred entries.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::numeric;
use wire::time::iso8601;

use super::limits::{WHOWAS, WHOWAS_OF_PARTY};
use crate::core::client::Client;
use crate::core::context::CommandContext;
use crate::core::items::distinct;
use crate::core::party::Party;

/// A client that has given up its nick: what WHOIS told about it.
#[derive(Debug, Clone)]
struct Former {
    nick: String,
    user: String,
    host: String,
    realname: String,
    party: Party,
    until: SystemTime,
}

impl Former {
    fn is_like(&self, other: &Former) -> bool {
        eq_ignore_case(&self.nick, &other.nick) && (&self.user, &self.host) == (&other.user, &other.host)
    }
}

/// The last clients that have given up a nick, the newest last.
#[derive(Debug, Default)]
pub struct FormerClients(Mutex<VecDeque<Former>>);

impl FormerClients {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Former>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a client with the nick that it gives up. It takes the place of an older entry: of the same client, of
    /// the same party if that has many, or else of the oldest if all are too many.
    pub fn remember(&self, client: &Client, nick: &str, until: SystemTime) {
        let (user, host, realname) = (client.user().into(), client.host.clone(), client.realname.clone());
        let former = Former { nick: nick.into(), user, host, realname, party: client.party, until };
        let mut all = self.lock();
        let is_of_party = |other: &Former| other.party == former.party;
        let replaced = if let Some(at) = all.iter().position(|other| other.is_like(&former)) {
            Some(at)
        } else if all.iter().filter(|other| is_of_party(other)).count() >= WHOWAS_OF_PARTY {
            all.iter().position(is_of_party)
        } else {
            (all.len() >= WHOWAS).then_some(0)
        };
        replaced.map(|at| all.remove(at));
        all.push_back(former);
    }

    /// The clients that had a nick, the last one first.
    fn of(&self, nick: &str, most: usize) -> Vec<Former> {
        let all = self.lock();
        all.iter().rev().filter(|former| eq_ignore_case(&former.nick, nick)).take(most).cloned().collect()
    }
}

pub fn whowas(former: &FormerClients, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let Some(asked) = message.param(0) else {
        return ctx.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    if let Some(server) = message.param(2).filter(|server| !ctx.server.is_called(server)) {
        return ctx.reply(numeric::ERR_NOSUCHSERVER, &[server]);
    }
    // A number that is none, or not positive, asks for all.
    let most = message.param(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0).unwrap_or(WHOWAS);
    let nicks = distinct(asked);
    if !ctx.replies.are_too_many("WHOWAS", &nicks) {
        ctx.cost += nicks.len().saturating_sub(1);
        for nick in nicks {
            let found = former.of(nick, most);
            if found.is_empty() {
                ctx.reply(numeric::ERR_WASNOSUCHNICK, &[nick]);
            }
            for Former { nick, user, host, realname, until, .. } in found {
                ctx.reply_text(numeric::RPL_WHOWASUSER, &[&nick, &user, &host, "*"], &realname);
                ctx.reply_text(numeric::RPL_WHOISSERVER, &[&nick, ctx.server.name()], &iso8601(until));
            }
        }
    }
    ctx.reply(numeric::RPL_ENDOFWHOWAS, &[asked]);
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::core::event::ClientId;

    fn client(ip: u32, user: &str) -> Client {
        let address: IpAddr = Ipv4Addr::from_bits(ip).into();
        let mut client = Client::new(ClientId { slot: 0, serial: 0 }, (address, 1).into(), format!("{ip}.hidden"));
        client.user = Some(user.into());
        client
    }

    #[test]
    fn a_party_that_changes_nicks_pushes_out_its_own_only() {
        let (former, now) = (FormerClients::default(), SystemTime::now());
        former.remember(&client(1, "bob"), "bob", now);
        (0..10 * WHOWAS).for_each(|number| former.remember(&client(2, "eve"), &format!("e{number}"), now));
        assert_eq!(former.lock().len(), 1 + WHOWAS_OF_PARTY);
        assert_eq!(former.of("BOB", 9).len(), 1);
        assert_eq!(former.of(&format!("e{}", 10 * WHOWAS - 1), 9).len(), 1);
        (10..10_000).for_each(|ip| former.remember(&client(ip, "u"), "u", now));
        assert_eq!(former.lock().len(), WHOWAS);
        assert!(former.of("bob", 9).is_empty());
    }

    #[test]
    fn who_comes_and_goes_is_remembered_once() {
        let (former, now) = (FormerClients::default(), SystemTime::now());
        for user in ["bob", "robert", "bob", "bob"] {
            former.remember(&client(1, user), "bob", now);
        }
        let users = |most| former.of("bob", most).into_iter().map(|former| former.user).collect::<Vec<_>>();
        assert_eq!((users(9), users(1)), (vec!["bob".to_owned(), "robert".to_owned()], vec!["bob".to_owned()]));
    }
}
