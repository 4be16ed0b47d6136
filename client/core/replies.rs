//! Numerics: most are shown, some end a request of ours or change the model.
//!
//! Run by the receiver thread, which has locked the state.

use super::connection::TAGS;
use super::event::{Event, Kind};
use super::limits::NAMED;
use super::model::{is_room, nicks};
use super::numerics::{self, WRONG_KEY};
use super::pending::{
    BANS, BANS_FOR_VIEW, ENTERED, ISON, KEY, MODES_FOR_VIEW, NEW_KEY, NOBODY, PRESENCE, Request, SAID_MEANWHILE, TAGMSG,
};
use super::state::State;
use wire::{names, numeric as n};

/// Handles one numeric. `params` come without our own name.
pub fn reply(state: &mut State, code: u16, params: &[&str]) {
    let first = params.first().copied().unwrap_or_default();
    if is_answer(state, code, params) {
        return;
    }
    let is_plain = state.stream.as_ref().is_some_and(|stream| stream.channel().is_none());
    let mut shown = numerics::in_plain(is_plain, code, params);
    if code == n::ERR_BADCHANNELKEY.code && state.pending.about(KEY, first).is_some() {
        shown.push(WRONG_KEY);
    }
    if numerics::refuses(code) {
        let about = params.split_last().map_or(&[][..], |(_, about)| about);
        let why = numerics::sentence(code, &shown).unwrap_or_default();
        state.refused(numerics::refused_verb(code), about, &why);
    }
    state.emit(Kind::Reply { code, params: shown.into_iter().map(str::to_owned).collect() });
    if (400..700).contains(&code) && state.pending.end(NEW_KEY, first).is_some() {
        is_open(state, first, "its key could not be set");
    }
    // A room is not made with a key that is none.
    let is_not_made = code == n::ERR_INVALIDMODEPARAM.code && !state.model.is_in(first);
    if numerics::refuses_room(code) || is_not_made {
        state.forget_room(first);
    }
}

/// Takes what answers a request of ours; true when there is nothing to show of the numeric itself.
fn is_answer(state: &mut State, code: u16, params: &[&str]) -> bool {
    let is = |numeric: n::Numeric| numeric.code == code;
    let [first, second] = [0, 1].map(|index| params.get(index).copied().unwrap_or_default());
    if answers_presence(state, code, params) {
        return true;
    }
    if is(n::RPL_NAMREPLY)
        && let [_, room, people] = params
        && let Some(request) = state.pending.about("NAMES", room)
    {
        nicks(people).for_each(|nick| request.collect(&[nick]));
    } else if is(n::RPL_TOPIC) {
        // A room with a topic is not new.
        state.pending.about(ENTERED, first).into_iter().for_each(|entered| entered.collect(&[]));
    } else if is(n::RPL_ENDOFNAMES) {
        names_have_come(state, first);
    } else if is(n::RPL_CHANNELMODEIS) {
        if state.pending.end(KEY, first).is_none() {
            if let Some(request) = for_view(state, ["MODE", MODES_FOR_VIEW], first) {
                request.collect(&params[1.min(params.len())..]);
                request.is_complete = true;
                return true;
            }
            return state.pending.end("MODE", first).is_none();
        }
        set_missing_key(state, first, second);
        return true;
    } else if is(n::RPL_ISON) {
        return is_connected(state, !first.trim().is_empty());
    } else if is(n::RPL_WHOREPLY) {
        state.pending.oldest("WHO").into_iter().for_each(|request| request.collect(&[]));
    } else if is(n::RPL_ENDOFWHO) {
        if state.pending.end("WHO", first).is_some_and(|request| request.rows.is_empty()) {
            nobody(state, "WHO", first);
        }
    } else if is(n::RPL_BANLIST) {
        if let Some(request) = for_view(state, [BANS, BANS_FOR_VIEW], first) {
            request.collect(&[second]);
            return true;
        }
        state.pending.about(BANS, first).into_iter().for_each(|request| request.collect(&[]));
    } else if is(n::RPL_ENDOFBANLIST) {
        if let Some(request) = for_view(state, [BANS, BANS_FOR_VIEW], first) {
            request.is_complete = true;
            return true;
        }
        if state.pending.end(BANS, first).is_some_and(|request| request.rows.is_empty()) {
            state.note(format!("Nobody is banned from {first}"));
        }
    } else if is(n::ERR_NOSUCHNICK) && state.pending.end(TAGMSG, first).is_some() {
        unknown(state, first);
        return true;
    } else if is(n::RPL_NOWAWAY) || is(n::RPL_UNAWAY) {
        let nick = state.model.nick.clone();
        // Nobody says more than that.
        state.model.presence.set(&nick, is(n::RPL_NOWAWAY).then_some(""));
        state.emit(Kind::Presence(Some(nick)));
    } else if is(n::RPL_AWAY) {
        return state.pending.end(TAGMSG, first).is_some();
    } else if is(n::ERR_UNKNOWNCOMMAND) && first == "ISON" {
        // Without it, everybody may be there.
        let is_asked = state.pending.oldest(ISON).is_some();
        return is_asked && is_connected(state, !state.model.has_cap(TAGS));
    } else if is(n::RPL_UMODEIS) {
        let nick = state.model.nick.clone();
        return state.pending.end("MODE", &nick).is_none();
    } else if is(n::ERR_UNKNOWNCOMMAND)
        && first == "MODE"
        && let Some(room) = state.pending.oldest(KEY).map(|request| request.about.clone())
    {
        state.pending.end(KEY, &room);
        is_open(state, &room, "there are no keys on this server");
        return true;
    } else if code == FORWARDED && is_room(second) {
        let sentence = format!("The server leads you to {second} instead of {first}; /to {second} talks there");
        state.refused("JOIN", &[first], &sentence);
        state.note(sentence);
        state.forget_room(first);
        return true;
    }
    false
}

/// Takes a row of the answer about who is away in a room, or its end; servers refuse to answer (263), or to go on (416).
fn answers_presence(state: &mut State, code: u16, params: &[&str]) -> bool {
    if !state.pending.is_before(PRESENCE, "WHO") {
        return false;
    }
    match *params {
        [room, _, _, _, nick, flags, ..]
            if code == n::RPL_WHOREPLY.code && state.pending.about(PRESENCE, room).is_some() =>
        {
            if state.model.is_member(nick) {
                let reason = state.model.presence.away(nick).unwrap_or_default().to_owned();
                state.model.presence.set(nick, flags.starts_with('G').then_some(&reason));
            }
        }
        [room, ..] if code == n::RPL_ENDOFWHO.code && state.pending.end(PRESENCE, room).is_some() => {
            state.emit(Kind::Presence(None));
        }
        ["WHO", ..] if code == TRY_AGAIN => state.pending.forget(PRESENCE),
        ["WHO", ..] if code == n::ERR_TOOMANYMATCHES.code => {}
        _ => return false,
    }
    true
}

/// The request that this is an answer to, if a view has made it. The server answers in order.
fn for_view<'a>(state: &'a mut State, [typed, of_view]: [&'static str; 2], about: &str) -> Option<&'a mut Request> {
    state.pending.first([typed, of_view], about).filter(|request| request.kind == of_view)
}

/// The answer to an ISON of ours, if there is one. Of people who are not connected our server knows whether it keeps
/// messages for them: it refuses a TAGMSG to others, and delivers one to nobody.
fn is_connected(state: &mut State, is_here: bool) -> bool {
    let Some(nick) = state.pending.oldest(ISON).map(|request| request.about.clone()) else { return false };
    state.pending.end(ISON, &nick);
    if !is_here && state.model.has_cap(TAGS) {
        state.pending.add(TAGMSG, &nick);
        state.send("TAGMSG", &[&nick], None);
    } else if !is_here {
        unknown(state, &nick);
    }
    true
}

/// Nobody has this name. The user has blacklisted it, or somebody waits for this answer.
fn unknown(state: &mut State, nick: &str) {
    if state.model.blacklist.contains(nick) {
        state.note(format!("Nobody is called {nick} just now"));
    } else {
        state.pending.add(NOBODY, nick);
    }
}

/// Nobody was found by this verb.
fn nobody(state: &mut State, verb: &str, about: &str) {
    let sentence = if is_room(about) {
        format!("There is no room {about}, or nobody in it whom you may see")
    } else {
        format!("Nobody here is called {about}")
    };
    state.refused(verb, &[about], &sentence);
    state.note(sentence);
}

/// The names of a room are complete.
fn names_have_come(state: &mut State, room: &str) {
    if let Some(request) = state.pending.end("NAMES", room) {
        let mut nicks = request.rows.concat();
        nicks.sort_by_key(|nick| names::casefold(nick));
        if nicks.is_empty() {
            nobody(state, "NAMES", room);
        } else {
            state.emit(Event::at(&request.about, Kind::Members(nicks)));
        }
    }
    if let Some(entered) = state.pending.end(ENTERED, room) {
        let (mut members, is_new) = (state.model.members(room), entered.rows.is_empty());
        let count = members.len();
        if count > NAMED {
            members.clear();
        }
        state.emit(Event::at(room, Kind::Present { count, members, is_new }));
    }
    // After a server has started again the others may not be back yet.
    if state.pending.end(SAID_MEANWHILE, room).is_some() && state.model.members(room).len() < 2 {
        state.note(format!(
            "Nobody else is in {room} yet, so what you said there may have reached nobody; say it again"
        ));
    }
    if state.pending.about(KEY, room).is_some() && state.model.is_in(room) {
        // Not every server gives the key to the room, and none says whether it has done so.
        state.send("MODE", &[room], None);
    }
}

/// We have entered a room with a key. If nobody else is there, we have made it, and it shall have that key.
fn set_missing_key(state: &mut State, room: &str, modes: &str) {
    if modes.contains('k') {
        return;
    }
    let key = state.model.keys.get(&names::casefold(room)).cloned();
    match key {
        Some(key) if state.model.members(room).len() < 2 => {
            state.pending.add(NEW_KEY, room);
            state.send("MODE", &[room, "+k", &key], None);
        }
        _ => is_open(state, room, "it has no key"),
    }
}

/// A room that the user has entered with a key has none. What was to be said there may not be meant for everybody.
fn is_open(state: &mut State, room: &str, why: &str) {
    state.model.set_key(room, None);
    state.note(format!("Anybody can enter {room}: {why}; /to {room} talks there all the same"));
}

/// `RPL_TRYAGAIN`
const TRY_AGAIN: u16 = 263;

/// A channel leads to another one (Solanum, `InspIRCd`, Ergo and others).
const FORWARDED: u16 = 470;
