//! Whom a line without a command goes to, and the prompt, which says so.

use super::State;
use wire::names;

impl State {
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub fn is_target(&self, name: &str) -> bool {
        self.target().is_some_and(|target| names::eq_ignore_case(target, name))
    }

    /// Sets whom a line without a command goes to; the prompt shows it.
    pub fn set_target(&mut self, target: Option<&str>) {
        self.target = target.map(str::to_owned);
        self.show_prompt();
    }

    /// Sets what the prompt says while a line without a command goes nowhere.
    pub fn set_prompt(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
        self.show_prompt();
    }

    /// The prompt says where a line without a command goes.
    pub fn show_prompt(&mut self) {
        let prompt = match (&self.room, &self.target) {
            (Some(member), _) => format!("You ([{}]): ", member.place.name),
            (None, Some(target)) => format!("You ({target}): "),
            (None, None) => self.prompt.clone(),
        };
        self.screen.set_prompt(&prompt);
    }

    /// Sets the target, and says so.
    pub fn talk_to(&mut self, target: &str) {
        self.set_target(Some(target));
        self.screen.tell(&format!("You are now talking to {target}"));
    }

    /// We are in `room` no more, or never came in. If it was the target there is none now, rather
    /// than another, so that what is being typed does not go to the wrong people.
    pub fn forget_room(&mut self, room: &str) {
        self.rooms.retain(|known| !names::eq_ignore_case(known, room));
        self.joining.take_if(|joining| names::eq_ignore_case(joining, room));
        if self.is_target(room) {
            self.set_target(None);
            self.screen.tell("You are talking to nobody now; go on with /join #room or /to NAME");
        }
    }
}
