//! From events to the lines above the prompt: times, days, colours; those who come and go in one line.
//!
//! Pure. Part of the editor. Each text loses its control characters here, before styles are added.

use super::clock::{Clock, day, minutes};
use super::passers::{Passers, passed};
use super::style::{BOLD, DIM, Style};
use crate::core::event::{Event, Kind, Manner, Sentence};
use crate::core::model::{Model, is_room};
use crate::core::sentence;
use time::{Date, OffsetDateTime};
use wire::text::printable;

/// What is to be printed.
#[derive(Debug, PartialEq, Eq)]
pub enum Print {
    Line(String),
    /// In place of the last line.
    Instead(String),
}

/// What has to be known of the lines before.
pub struct Transcript {
    pub style: Style,
    pub clock: Clock,
    /// Whether each line begins with the time.
    has_times: bool,
    /// The day of the last line.
    day: Option<Date>,
    /// Those who came and went, where the last line is about them.
    passers: Option<Passers>,
}

impl Transcript {
    pub fn new(style: Style, clock: Clock, has_times: bool) -> Self {
        Transcript { style, clock, has_times, day: None, passers: None }
    }

    /// The last line is not what it was, or not where it was.
    pub fn break_off(&mut self) {
        self.passers = None;
    }

    /// When an event happened: what the server says, or now.
    pub fn moment(&self, event: &Event) -> OffsetDateTime {
        event.origin.time.as_deref().and_then(|time| self.clock.of(time)).unwrap_or_else(|| self.clock.now())
    }

    /// The lines for an event.
    pub fn lines(&mut self, event: &Event, model: &Model, moment: OffsetDateTime) -> Vec<Print> {
        if let Some(print) = self.passes_by(event, model, moment) {
            return self.after_day_line(moment, vec![print]);
        }
        let style = self.style;
        let lines = match (&event.kind, sentence::of(event, model)) {
            (&Kind::WeSaid { ref text, manner, is_elsewhere: false }, _) => {
                let (begin, rows) = (own(style, model, manner), sentence::rows(event, text));
                self.timed_rows(moment, &begin, &rows)
            }
            (Kind::WeSaid { .. }, Some(Sentence::Answer(text))) => {
                self.timed_rows(moment, "", &sentence::rows(event, &text))
            }
            (_, None) => return Vec::new(),
            (_, Some(Sentence::Said { before, nick, after })) => {
                let [before, nick] = [&before, &nick].map(|text| printable(text).into_owned());
                let is_private = event.conversation.as_deref().is_some_and(|name| !is_room(name));
                let marked = |row: String| match row.strip_prefix(TO_YOU) {
                    Some(rest) if is_private => style.apply(BOLD, TO_YOU) + rest,
                    _ if event.mentions_us => style.mentions("", &model.nick, &row),
                    _ => row,
                };
                let rows: Vec<_> = sentence::rows(event, &after).into_iter().map(marked).collect();
                self.timed_rows(moment, &format!("{before}{}", style.name(&nick, &nick)), &rows)
            }
            (_, Some(Sentence::News(text))) => {
                let mark = |row: &String| style.mentions(DIM, &model.nick, row);
                let dim = |row: &String| style.apply(DIM, row);
                let rows = sentence::rows(event, &text);
                let rows: Vec<_> =
                    rows.iter().map(|row| if event.mentions_us { mark(row) } else { dim(row) }).collect();
                self.timed_rows(moment, "", &rows)
            }
            (_, Some(Sentence::Answer(text))) => vec![printable(&text).into_owned()],
            (_, Some(Sentence::Lines(lines))) => lines.iter().map(|line| printable(line).into_owned()).collect(),
        };
        self.passers = None;
        self.after_day_line(moment, lines.into_iter().map(Print::Line).collect())
    }

    /// The mark above what the user has not seen of a conversation yet.
    pub fn new_mark(&mut self) -> Print {
        self.passers = None;
        Print::Line(self.style.apply(DIM, "──── new ────"))
    }

    /// Those who come and go are counted in one line, as long as nothing else is said.
    fn passes_by(&mut self, event: &Event, model: &Model, moment: OffsetDateTime) -> Option<Print> {
        let conversation = passed(event, model)?;
        let is_first = !self.passers.as_ref().is_some_and(|passers| passers.takes(&conversation));
        if is_first {
            self.passers = Some(Passers::new(&conversation));
        }
        let passers = self.passers.as_mut()?;
        passers.add(&event.kind);
        let text = match sentence::of(event, model)? {
            Sentence::News(text) if is_first => text,
            _ => passers.summary(model),
        };
        let line = self.timed(moment, &self.style.apply(DIM, &printable(&text)));
        Some(if is_first { Print::Line(line) } else { Print::Instead(line) })
    }

    /// With the day before it, when it is another one than that of the last line.
    fn after_day_line(&mut self, moment: OffsetDateTime, mut prints: Vec<Print>) -> Vec<Print> {
        // Messages that have waited say their day themselves.
        let today = self.clock.now().date();
        let is_new = self.day.is_some_and(|last| last != today) && moment.date() == today;
        if self.day.is_none() || is_new {
            self.day = Some(today);
        }
        if is_new {
            prints.iter_mut().for_each(|print| *print = Print::Line(print.text().to_owned()));
            prints.insert(0, Print::Line(self.style.apply(DIM, &format!("──── {} ────", day(today)))));
        }
        prints
    }

    /// The time and `begin` stand before the first row; the others are indented as far as the time is wide.
    fn timed_rows(&self, moment: OffsetDateTime, begin: &str, rows: &[String]) -> Vec<String> {
        let Some((first, more)) = rows.split_first() else { return Vec::new() };
        let indent = if self.has_times { " ".repeat("09:30 ".len()) } else { String::new() };
        let first = self.timed(moment, &format!("{begin}{first}"));
        std::iter::once(first).chain(more.iter().map(|row| format!("{indent}{row}"))).collect()
    }

    fn timed(&self, moment: OffsetDateTime, line: &str) -> String {
        if self.has_times { format!("{} {line}", self.style.apply(DIM, &minutes(moment))) } else { line.to_owned() }
    }
}

/// What the sentence of a private message says behind the name.
const TO_YOU: &str = " (to you)";

/// The beginning of what we said where we are, as the others see it.
fn own(style: Style, model: &Model, manner: Manner) -> String {
    let nick = style.apply(BOLD, &printable(&model.nick));
    let place = model.detour.as_ref().map_or(String::new(), |detour| printable(detour).into_owned() + " ");
    match manner {
        Manner::Action => format!("{place}* {nick} "),
        _ => format!("{place}{nick}: "),
    }
}

impl Print {
    pub fn text(&self) -> &str {
        match self {
            Print::Line(text) | Print::Instead(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::terminal::tests::said;

    fn transcript(style: Style) -> (Transcript, Model, OffsetDateTime) {
        let clock = Clock::at(0);
        let mut model = Model::default();
        model.nick = "mel".into();
        model.set_target(Some("#lobby"));
        (Transcript::new(style, clock, false), model, clock.now())
    }

    fn joined(nick: &str) -> Event {
        Event::at("#lobby", Kind::Joined(nick.into()))
    }

    fn left(nick: &str) -> Event {
        Kind::Left { nick: nick.into(), reason: "bye".into() }.into()
    }

    /// The one thing that is printed for an event.
    fn print(transcript: &mut Transcript, model: &Model, event: &Event) -> Print {
        let moment = transcript.moment(event);
        let mut prints = transcript.lines(event, model, moment);
        assert_eq!(prints.len(), 1, "{prints:?}");
        prints.remove(0)
    }

    #[test]
    fn those_who_come_and_go_are_counted_in_one_line() {
        let (mut transcript, model, _) = transcript(Style::Plain);
        let mut print = |event: &Event| print(&mut transcript, &model, event);
        assert_eq!(print(&joined("anna")), Print::Line("anna joined the conversation".into()));
        assert_eq!(print(&joined("ben")), Print::Instead("anna and ben joined".into()));
        assert_eq!(print(&joined("carl")), Print::Instead("anna, ben and carl joined".into()));
        assert_eq!(print(&joined("dora")), Print::Instead("anna, ben and 2 others joined".into()));
        let expected = "ben, carl and dora joined; anna joined and left again";
        assert_eq!(print(&left("anna")), Print::Instead(expected.into()));
        assert_eq!(print(&said("ben", "hi")), Print::Line("ben: hi".into()));
        assert_eq!(print(&left("ben")), Print::Line("ben left the conversation (bye)".into()));
        assert_eq!(print(&joined("eva")), Print::Instead("eva joined; ben left".into()));
        let elsewhere = Event::at("#lab", Kind::Joined("eva".into()));
        assert_eq!(print(&elsewhere), Print::Line("[#lab] eva joined the conversation".into()));
    }

    #[test]
    fn our_name_and_private_messages_are_marked() {
        let (mut transcript, model, _) = transcript(Style::Few);
        let event = Event { mentions_us: true, ..said("ben", "hi mel!") };
        let Print::Line(line) = print(&mut transcript, &model, &event) else { panic!("a line") };
        assert!(line.ends_with(": hi \x1b[7mmel\x1b[0m!"), "{line:?}");
        let kind = Kind::Said { from: "ben".into(), text: "mel, psst".into(), manner: Manner::Text };
        let event = Event { mentions_us: true, ..Event::at("ben", kind) };
        let Print::Line(line) = print(&mut transcript, &model, &event) else { panic!("a line") };
        assert!(line.ends_with("ben\x1b[0m\x1b[1m (to you)\x1b[0m: mel, psst"), "{line:?}");
    }

    #[test]
    fn what_we_said_is_shown_like_what_others_say() {
        let (mut transcript, model, _) = transcript(Style::Plain);
        let we = |manner| Event::at("#lobby", Kind::WeSaid { text: "wave\x1b[2J".into(), manner, is_elsewhere: false });
        assert_eq!(print(&mut transcript, &model, &we(Manner::Text)), Print::Line("mel: wave[2J".into()));
        assert_eq!(print(&mut transcript, &model, &we(Manner::Action)), Print::Line("* mel wave[2J".into()));
    }

    #[test]
    fn the_time_stands_before_what_people_say() {
        let (mut transcript, model, _) = transcript(Style::Plain);
        transcript.has_times = true;
        let mut event = said("ben", "hi");
        event.origin.time = Some("2026-11-25T09:30:00.000Z".into());
        assert_eq!(print(&mut transcript, &model, &event), Print::Line("09:30 ben: hi".into()));
        assert_eq!(print(&mut transcript, &model, &Kind::Note("x".into()).into()), Print::Line("x".into()));
    }

    #[test]
    fn a_new_day_has_a_line() {
        let (mut transcript, model, now) = transcript(Style::Plain);
        transcript.day = now.date().previous_day();
        let lines = transcript.lines(&said("ben", "hi"), &model, now);
        let expected = [format!("──── {} ────", day(now.date())), "ben: hi".into()];
        assert_eq!(lines.iter().map(Print::text).collect::<Vec<_>>(), expected);
        assert_eq!(transcript.lines(&said("ben", "hi"), &model, now).len(), 1);
    }

    #[test]
    fn nothing_that_others_write_moves_the_cursor() {
        let (mut transcript, model, _) = transcript(Style::Few);
        let evil = "\x1b[2J\r\n\u{9b}1A\u{202e}";
        for event in [said(evil, evil), joined(evil), joined(evil), Kind::Note(evil.into()).into()] {
            let moment = transcript.moment(&event);
            for printed in transcript.lines(&event, &model, moment) {
                let plain = super::super::style::without(printed.text());
                assert!(plain.chars().all(wire::text::is_printable), "{plain:?}");
            }
        }
    }

    #[test]
    fn the_rows_of_a_message_stand_below_its_first_one() {
        let (mut transcript, model, now) = transcript(Style::Plain);
        let mut rows = |event: &Event, has_times| {
            transcript.has_times = has_times;
            transcript.lines(event, &model, now).iter().map(|row| row.text().trim_end().to_owned()).collect::<Vec<_>>()
        };
        let text = "one\n\nben: \x1b[2Jthree";
        assert_eq!(rows(&said("anna", text), false), ["anna: one", "", "  ben: [2Jthree"]);
        let timed = rows(&said("anna", text), true);
        assert!(timed[0].ends_with(" anna: one") && timed[2] == "        ben: [2Jthree", "{timed:?}");
        let we = |is_elsewhere| {
            Event::at("#lobby", Kind::WeSaid { text: "one\ntwo".into(), manner: Manner::Text, is_elsewhere })
        };
        assert_eq!(rows(&we(false), false), ["mel: one", "  two"]);
        assert_eq!(rows(&we(true), false), ["(to #lobby) one", "  two"]);
    }
}
