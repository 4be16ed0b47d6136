//! The address of the page, which the terminal shows. It holds the token, so no page and no other answer has it.
//!
//! Plain value: no thread, no lock.

use crate::core::event::{Sentence, WingEvent};

pub struct Address(pub String);

impl WingEvent for Address {
    fn sentence(&self) -> Option<Sentence> {
        let address = &self.0;
        Some(Sentence::Lines(vec![
            format!("Open this address in a browser on this machine: {address}"),
            "Copy it into the browser's address line; in many terminals a click with Ctrl held down does that."
                .to_owned(),
            "Keep this window open: the chat ends when it is closed. You can go on there, or here.".to_owned(),
            "The address is secret: whoever has it reads along, and writes in your name.".to_owned(),
        ]))
    }
}
