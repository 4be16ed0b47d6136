//! What is printed for lines from a server.

use super::*;
use crate::core::model::Model;
use crate::core::terminal::tests::{Paper, client};
use crate::core::view::View;
use std::sync::{Arc, Mutex};

/// What is printed for some messages to `me`, who talks in #lobby and is in #dev too.
fn shown(lines: &[&str]) -> String {
    let paper = Paper::default();
    let client = client(&paper, Vec::new());
    let mut state = client.lock();
    feed(&client, &mut state, &[":srv 001 me :Welcome"]);
    state.model.nick = "me".into();
    state.model.set_target(Some("#lobby"));
    feed(&client, &mut state, &[":me!m@host JOIN #lobby", ":me!m@host JOIN #dev"]);
    state.model.blacklist.add("Troll").unwrap();
    state.pending.add("NAMES", "#lobby");
    feed(&client, &mut state, lines);
    paper.take()
}

fn feed(client: &Client, state: &mut State, lines: &[&str]) {
    for line in lines {
        handle(client, state, &Message::parse(line).unwrap());
    }
}

#[test]
fn what_people_say() {
    for (line, expected) in [
        (":albert!a@h PRIVMSG #lobby :world", "albert: world\n"),
        (":albert!a@h PRIVMSG #DEV :hi", "[#DEV] albert: hi\n"),
        (":albert!a@h PRIVMSG Me :psst", "albert (to you): psst\n"),
        (":albert!a@h NOTICE #dev :beep", "[#dev] -albert- beep\n"),
        (":srv NOTICE me :hello", "*** hello\n"),
        ("NOTICE AUTH :hello", "*** hello\n"),
        (":albert!a@h PRIVMSG #lobby :\u{1}ACTION waves\u{1}", "* albert waves\n"),
        (":albert!a@h PRIVMSG me :\u{1}ACTION waves", "(to you) * albert waves\n"),
        (":albert!a@h PRIVMSG me :\u{1}VERSION\u{1}", ""),
        (
            "@time=2026-11-25T09:30:00.123Z;groupchat.local/waited :albert!a@h PRIVMSG me :psst",
            "[2026-11-25 09:30 UTC] albert (to you): psst\n",
        ),
        ("@time=2026-11-25T09:30:00.123Z :albert!a@h PRIVMSG me :psst", "albert (to you): psst\n"),
        ("@time=x;groupchat.local/waited :albert!a@h NOTICE me :psst", "(to you) -albert- psst\n"),
        (":albert!a@h PRIVMSG #lobby :\u{1}ACTION (to you) waves\u{1}", "* albert (to you) waves\n"),
        (":albert!a@h NOTICE #lobby :(to you) psst", "-albert- (to you) psst\n"),
        (":al\u{a0}(to\u{3164}you)!a@h PRIVMSG #lobby :psst", "al?(to?you): psst\n"),
        (":anna\u{115f}\u{ffa0}!a@h PRIVMSG #lobby :hi", "anna?: hi\n"),
        (":al\u{1b}[2Jbert!a@h PRIVMSG #lobby :\u{7}x\u{202e}y", "al[2Jbert: xy\n"),
    ] {
        assert_eq!(shown(&[line]), expected, "{line}");
    }
}

#[test]
fn what_happens_in_rooms() {
    for (line, expected) in [
        (":albert!a@h JOIN #lobby", "albert joined the conversation\n"),
        (":albert!a@h JOIN #dev", "[#dev] albert joined the conversation\n"),
        (":albert!a@h PART #lobby", "albert left the conversation\n"),
        (":albert!a@h QUIT :Quit: ", "albert left the conversation\n"),
        (":albert!a@h QUIT :Quit: dinner", "albert left the conversation (dinner)\n"),
        (":albert!a@h NICK bert", "albert is now called bert\n"),
        (":me!a@h NICK bert", "You are now called bert\n"),
        (":albert!a@h TOPIC #lobby :work", "albert set the topic: work\n"),
        (":albert!a@h MODE #dev +o bob", "[#dev] albert set mode +o bob\n"),
        (":me!a@h MODE me +i", ""),
        (":albert!a@h INVITE me #x", "albert invites you to #x; /join #x takes you there\n"),
        (":albert!a@h INVITE bob #dev", ""),
        (":a!a@h KICK #dev me :bye", "You were removed from #dev by a (bye)\n"),
        (":a!a@h KICK #dev bob", "[#dev] bob was removed by a\n"),
        (":me!a@h PART #dev", "You left #dev\n"),
        (":srv FAIL * INVALID_UTF8 :Not UTF-8", "The server refused *: Not UTF-8\n"),
    ] {
        assert_eq!(shown(&[line]), expected, "{line}");
    }
}

#[test]
fn nothing_is_seen_of_the_blacklisted() {
    let lines = [
        ":troll!t@h PRIVMSG #lobby :x",
        ":TROLL!t@h NOTICE me :x",
        ":troll!t@h JOIN #lobby",
        ":troll!t@h INVITE me #x",
        ":troll!t@h NICK lamb",
        ":lamb!t@h PRIVMSG me :x",
        ":lamb!t@h QUIT :x",
    ];
    assert_eq!(shown(&lines), "");
    assert!(shown(&[":troll!t@h KICK #dev me"]).starts_with("You were removed from #dev by troll"));
}

#[test]
fn a_name_that_is_none_does_not_become_ours() {
    let client = client(&Paper::default(), Vec::new());
    let mut state = client.lock();
    state.model.nick = "me".into();
    feed(&client, &mut state, &[":me!m@host NICK :x/../../y", ":me!m@host NICK ..", ":me!m@host NICK"]);
    assert_eq!(state.model.nick, "me");
}

#[test]
fn names_are_shown_once_to_a_user_who_asked() {
    let lines = [
        ":srv 353 me = #lobby :@tesla +albert",
        ":srv 353 me = #dev :carl",
        ":srv 353 me = #lobby :Bob",
        ":srv 366 me #dev :End",
        ":srv 366 me #lobby :End",
        ":srv 353 me = #lobby :x",
        ":srv 366 me #lobby :End",
    ];
    assert_eq!(shown(&lines), "3 people in #lobby: albert, Bob, tesla\n");
}

#[test]
fn the_target_follows_a_rename_and_is_given_up_with_the_room() {
    let client = client(&Paper::default(), Vec::new());
    let mut state = client.lock();
    state.model.set_target(Some("albert"));
    feed(&client, &mut state, &[":albert!a@h NICK bert"]);
    assert_eq!(state.model.target(), Some("bert"));
    state.pending.add("JOIN", "#dev");
    feed(&client, &mut state, &[":!m@host JOIN #dev"]);
    assert_eq!((state.model.target(), state.model.is_in("#DEV")), (Some("#dev"), true));
    assert_eq!(state.model.address.as_deref(), Some("m@host"));
    feed(&client, &mut state, &[":srv 473 me #dev :Cannot join"]);
    assert_eq!((state.model.target(), state.model.is_in("#dev")), (None, false));
}

/// A view that keeps conversation, kind and marks of each event, and no sentence.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl View for Log {
    fn show(&mut self, event: &Event, model: &Model) {
        let kind = match event.kind {
            Kind::WeJoined => "entered",
            Kind::Left { .. } => "left",
            Kind::Said { .. } => "said",
            Kind::Joined(_) => "joined",
            Kind::TalkingTo(_) => "talking to",
            Kind::Reply { .. } => "reply",
            _ => "other",
        };
        let waited = if event.origin.waited { "waited" } else { "" };
        // Somebody who leaves the server leaves all rooms with them.
        let rooms = model.conversations().iter().filter(|known| match &event.kind {
            Kind::Left { nick, .. } => known.members.contains_key(&names::casefold(nick)),
            _ => false,
        });
        let rooms: String = rooms.map(|room| &*room.name).collect();
        let place = event.conversation.as_deref().unwrap_or(if rooms.is_empty() { "nowhere" } else { &rooms });
        self.0.lock().unwrap().push(format!("{place} {kind} {waited}"));
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn draw_prompt(&mut self, _: &Model) {}
    fn end_prompt(&mut self) {}
    fn set_status(&mut self, _: &str) {}
    fn entered(&mut self, _: &str) {}
    fn end_line(&mut self) {}
}

#[test]
fn another_view_sees_the_same_events() {
    let log = Log::default();
    let client = client(&Paper::default(), Vec::new());
    let mut state = State::new(Box::new(log.clone()));
    state.pending.add("JOIN", "#lab");
    let lines = [
        ":!m@host JOIN #lab",
        ":albert!a@h JOIN #lab",
        "@groupchat.local/waited :albert!a@h PRIVMSG me :psst",
        ":srv 401 me bob :No such nick",
        ":albert!a@h QUIT :bye",
    ];
    feed(&client, &mut state, &lines);
    let expected =
        ["#lab entered ", "nowhere talking to ", "#lab joined ", "albert said waited", "nowhere reply ", "#lab left "];
    assert_eq!(*log.0.lock().unwrap(), expected);
}

#[test]
fn no_message_makes_it_panic() {
    for verb in
        ["PRIVMSG", "NOTICE", "JOIN", "PART", "QUIT", "KICK", "NICK", "MODE", "TOPIC", "INVITE", "353", "366", "401"]
    {
        for params in ["", " a", " a b", " #lobby", " #lobby :", " me b :c d"] {
            shown(&[&format!("{verb}{params}"), &format!(":me!m@h {verb}{params}")]);
        }
    }
}

/// What is printed to `me`, who talks to bob, and to whom text goes then.
fn shown_to_bobs_friend(lines: &[&str]) -> (String, Option<String>) {
    let paper = Paper::default();
    let client = client(&paper, Vec::new());
    let mut state = client.lock();
    state.model.nick = "me".into();
    state.model.enter("#lobby");
    state.talk_to("bob");
    paper.take();
    feed(&client, &mut state, lines);
    let target = state.model.target().map(str::to_owned);
    (paper.take(), target)
}

#[test]
fn a_line_for_one_person_does_not_go_to_another_who_takes_the_name() {
    let (shown, target) = shown_to_bobs_friend(&[":bob!b@h QUIT :bye", ":eve!e@h NICK bob"]);
    assert!(shown.contains("eve has taken the name bob, so this is somebody else"), "{shown}");
    assert!(shown.contains("You are talking to nobody now") && target.is_none(), "{shown}");
    let (shown, target) = shown_to_bobs_friend(&[":bob!b@h NICK robert", ":eve!e@h NICK bob"]);
    assert!(!shown.contains("nobody") && target.as_deref() == Some("robert"), "{shown}");
    let (_, target) = shown_to_bobs_friend(&[":Troll!t@h NICK bob"]);
    assert_eq!(target, None);
}

#[test]
fn somebody_who_comes_under_the_name_of_one_who_left_may_be_somebody_else() {
    let lines = [":bob!b@h QUIT :bye", ":bob!e@h JOIN #lobby", ":bob!e@h PRIVMSG me :hi"];
    let (shown, target) = shown_to_bobs_friend(&lines);
    assert_eq!(shown.matches("this may be somebody else").count(), 1, "{shown}");
    assert_eq!(target.as_deref(), Some("bob"));
    let back = |lines: &[&str]| {
        let paper = Paper::default();
        let client = client(&paper, Vec::new());
        let mut state = client.lock();
        state.model.enter("#lobby");
        feed(&client, &mut state, lines);
        paper.take();
        state.talk_to("bob");
        paper.take()
    };
    let spoke = ":bob!b@h PRIVMSG me :hi";
    assert!(!back(&[spoke]).contains("somebody else"));
    assert!(back(&[spoke, ":bob!b@h QUIT :bye", ":bob!e@h JOIN #lobby"]).contains("somebody else"), "said in time");
    for lines in [
        &[":bob!b@h PART #lobby", ":bob!b@h JOIN #lobby"][..],
        &[":anna!b@h QUIT :bye", ":anna!b@h JOIN #lobby"],
        &[&format!(":bob!b@h QUIT :{}", numeric::REPLACED), ":bob!b@h JOIN #lobby"],
    ] {
        let (shown, _) = shown_to_bobs_friend(lines);
        assert!(!shown.contains("somebody else"), "{shown}");
    }
}

#[test]
fn what_people_say_in_several_rows() {
    let batch = |opening: &str, rows: &[&str]| {
        let rows = rows.iter().map(|row| format!("@batch=1 {row}"));
        let lines: Vec<_> = [opening.to_owned()].into_iter().chain(rows).chain(["BATCH -1".to_owned()]).collect();
        shown(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let rows = [":al!a@h PRIVMSG #lobby one", ":al!a@h PRIVMSG #lobby :", ":al!a@h PRIVMSG #lobby :ben: \u{1b}[2Jtwo"];
    assert_eq!(batch(":al!a@h BATCH +1 draft/multiline #lobby", &rows), "al: one\n│ \n│ ben: [2Jtwo\n");
    let rows = [":al!a@h NOTICE me one", ":al!a@h NOTICE me two"];
    assert_eq!(batch("@time=x :al!a@h BATCH +1 draft/multiline me", &rows), "(to you) -al- one\n│ two\n");
    let waited = "@time=2026-11-25T09:30:00.123Z;groupchat.local/waited :al!a@h BATCH +1 draft/multiline me";
    let rows = [":al!a@h PRIVMSG me one", ":al!a@h PRIVMSG me two"];
    assert_eq!(batch(waited, &rows), "[2026-11-25 09:30 UTC] al (to you): one\n│ two\n");
    let rows = [":troll!t@h PRIVMSG #lobby one", ":troll!t@h PRIVMSG #lobby two"];
    assert_eq!(batch(":troll!t@h BATCH +1 draft/multiline #lobby", &rows), "");
    // No other text has rows, whatever a tag holds.
    let spoof = ["@groupchat.local/waited;time=2026-11-25T0\\nal:\\sx :al!a@h PRIVMSG me :psst"];
    assert_eq!(shown(&spoof), "al (to you): psst\n");
}

#[test]
fn our_name_is_found_in_each_row() {
    let paper = Paper::default();
    let client = client(&paper, Vec::new());
    let mut state = client.lock();
    state.model.nick = "me".into();
    feed(&client, &mut state, &[":me!m@h JOIN #lobby", ":al!a@h BATCH +1 draft/multiline #lobby"]);
    feed(
        &client,
        &mut state,
        &["@batch=1 :al!a@h PRIVMSG #lobby :one", "@batch=1 :al!a@h PRIVMSG #lobby me", "BATCH -1"],
    );
    assert!(state.model.conversations()[0].scrollback.back().unwrap().mentions_us);
}

#[test]
fn a_batch_that_is_refused_is_said_in_plain_words() {
    let said = shown(&[":srv FAIL BATCH MULTILINE_MAX_LINES 3 :Too many lines"]);
    assert_eq!(said, "A message of several lines was not sent: Too many lines; send it again in smaller parts\n");
}
