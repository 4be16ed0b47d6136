//! The pages as a view of the model: what happens goes into the feed.
//!
//! Part of the state: called under its lock by any thread. It takes the table of transfers' lock, and then the feed's.

use super::feed::{Feed, Lines, Received};
use super::json;
use crate::core::event::{Event, Kind};
use crate::core::model::Model;
use crate::core::question::Question;
use crate::core::view::View;
use crate::files::{FileEvent, Files};
use serde_json::json;
use std::any::Any;
use std::sync::Arc;

pub struct PageView {
    pub feed: Arc<Feed>,
    pub files: Arc<Files>,
}

impl PageView {
    /// Tells the pages how far the transfers are, if that has changed.
    fn compare_transfers(&self) {
        let transfers = json::of_transfers(&self.files.under_way());
        let mut lines = self.feed.lock();
        if lines.transfers != transfers {
            lines.transfers = transfers.clone();
            lines.push(json!({ "type": "transfers", "list": transfers }));
        }
    }
}

impl View for PageView {
    fn show(&mut self, event: &Event, model: &Model) {
        let value = json::of(event, model);
        let mut lines = self.feed.lock();
        count(&mut lines, event);
        value.into_iter().for_each(|value| lines.push(value));
        lines.compare(model);
        drop(lines);
        self.feed.signal();
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn is_window(&self) -> bool {
        true
    }

    fn ask(&mut self, question: &Question) {
        let mut value = json::of_question(question);
        value["type"] = "question".into();
        self.feed.lock().push(value);
        self.feed.signal();
    }

    fn answered(&mut self, question: &Question, _: Option<&str>) -> bool {
        self.feed.lock().push(json!({ "type": "answered", "number": question.number }));
        self.feed.signal();
        false
    }

    /// It says how far the transfers are, which pages draw.
    fn set_status(&mut self, _: &str) {
        self.compare_transfers();
        self.feed.signal();
    }

    /// It waits for a moment until the pages have it: what follows is the end of the process.
    fn end(&mut self, why: &str) {
        self.feed.lock().push(json!({ "type": "ended", "why": json::clean(why) }));
        self.feed.end();
    }
}

/// Counts what was not seen, and keeps the files that have come.
fn count(lines: &mut Lines, event: &Event) {
    match (json::drawn(event), &event.conversation) {
        (Kind::Said { .. }, Some(name)) => lines.count(name),
        (Kind::Wing(_), Some(name)) if event.mentions_us => lines.count(name),
        // The user is there, in this window or another.
        (Kind::WeSaid { .. } | Kind::Read, Some(name)) | (Kind::TalkingTo(Some(name)), _) => lines.mark_read(name),
        (Kind::Wing(wing), _) => {
            let wing: &dyn Any = &**wing;
            if let Some(FileEvent::Saved { id, name, path, .. }) = wing.downcast_ref() {
                lines.keep(*id, Received { path: path.clone(), name: name.clone() });
            }
        }
        _ => {}
    }
}
